-- Checks out, verdicts in, deadlines.

local st = require "util.stanza";
local xpcall = require "util.xpcall".xpcall;

local guard = module.guard;
local common, verdicts, ways = guard.common, guard.verdicts, guard.ways;
local NS, MAX, SECONDS, link = common.NS, common.MAX, common.SECONDS, common.link;
local now, complain, traceback = common.now, common.complain, common.traceback;
local busy = common.busy;
local element, next_id = common.element, common.next_id;
local component, timeout_s = common.component, common.timeout_s;
local is_void, drain = verdicts.is_void, guard.lanes.drain;
local UNAVAILABLE, UNGUARDED = verdicts.UNAVAILABLE, verdicts.UNGUARDED;

local next, pairs, tonumber = next, pairs, tonumber;

local M = {};

local pending = guard.saved.pending or {}; -- IQ id -> { items }
local outbox = guard.saved.outbox or {}; -- items to ask about at the end of this turn
local flush_due = false;

function M.save(state)
	state.pending, state.outbox = pending, outbox;
end

-- Whether answers are to come.
function M.is_busy()
	return (next(pending) or outbox[1]) ~= nil;
end

local function place_of(item)
	return ways[item.way].place(item);
end

-- An item has its answer.
local function finish(item, verdict)
	item.waiting, item.iq = nil, nil;
	item.verdict = verdict;
	if item.kind == "join" then xpcall(ways[item.way].settle, traceback, item, verdict); end
	if item.lane then drain(item.lane); end
end

local function schedule_flush()
	if not flush_due then
		flush_due = true;
		module:add_timer(0, M.flush);
	end
end

-- The clock of deadlines.  It stands still while the server delivers what we
-- released: a thousand posts, each of which takes a slow disk or a large room
-- some time, hold up the reading of the answers, and nobody else is late.
local function attended(t)
	return t - busy.s;
end

-- Asks about an item, or ends it at once if there is nobody to ask.
function M.ask(item)
	item.verdict = nil;
	if not link.session or link.stopping or link.is_refused then
		return finish(item, UNAVAILABLE);
	end
	item.waiting = true;
	item.deadline = item.deadline or attended(now()) + timeout_s;
	item.tries = (item.tries or 0) + 1;
	outbox[#outbox + 1] = item;
	-- One whose verdicts are void again and again waits for the tick.
	if item.tries <= MAX.eager then schedule_flush(); end
end

function M.check_again(item)
	if item.deadline and attended(now()) >= item.deadline then
		return finish(item, UNAVAILABLE);
	end
	M.ask(item);
end

local NOTHING = {};
local n_text = {};
for n = 1, MAX.items do n_text[n] = ("%d"):format(n); end

-- The <item/> of a check, and about how many bytes its strings have.
local function item_xml(item, n, place)
	local attr = {
		n = n_text[n], kind = item.kind, place = place.id;
		room = item.room, owner = item.owner, node = item.node;
		actor = item.bare, nick = item.nick, occupant = item.occupant;
		lang = item.lang;
		affiliation = item.affiliation;
		encrypted = item.is_encrypted and "true" or nil;
	};
	local bytes = 32;
	for _, value in next, attr do bytes = bytes + #value + 1; end
	local xml = element("item", attr);
	for _, reprint in pairs(item.reprints or NOTHING) do
		xml:add_direct_child(element("reprint", { by = reprint.by, of = reprint.of }));
		bytes = bytes + 16 + #(reprint.of or "");
	end
	for term in pairs(item.labels or NOTHING) do
		xml:add_direct_child(element("label", { term = term }));
		bytes = bytes + 1 + #term;
	end
	return xml, bytes;
end

-- Another list has come since a publication was read: what counts in it (its
-- labels, for instance) may be something else now.  It is read again when it
-- is at the head of its lane.
local function read_again(item)
	item.waiting, item.iq, item.kind = nil, nil, nil;
	item.reprints, item.labels = nil, nil;
	item.is_unread = true;
	drain(item.lane);
end

local function is_stale(item, place)
	return item.kind ~= "join" and item.place ~= place;
end

local function new_check()
	local iq = st.iq({ type = "set", id = next_id(), from = module.host, to = component })
		:tag("check", { xmlns = NS.guard });
	return { iq = iq, items = {}, bytes = 0 };
end

local function send_check(check)
	local id = check.iq.attr.id;
	for i = 1, #check.items do check.items[i].iq = id; end
	pending[id] = check.items;
	module:send(check.iq);
end

-- At the end of the turn: all that is to be asked, in few IQs.
function M.flush()
	flush_due = false;
	if not link.attached then return; end -- the answer to attach comes back here
	local queue = outbox;
	outbox = {};
	local check = new_check();
	for i = 1, #queue do
		local item = queue[i];
		local place = place_of(item);
		if not item.waiting or item.iq then -- luacheck: ignore 542
			-- ended meanwhile
		elseif not place then
			finish(item, UNGUARDED);
		elseif not link.attached then
			outbox[#outbox + 1] = item;
		elseif is_stale(item, place) then
			read_again(item);
		else
			if #check.items >= MAX.items then
				send_check(check);
				check = new_check();
			end
			local xml, bytes = item_xml(item, #check.items + 1, place);
			if check.bytes + bytes > MAX.bytes and check.items[1] then
				send_check(check);
				check = new_check();
				xml.attr.n = n_text[1];
			end
			check.items[#check.items + 1] = item;
			check.bytes = check.bytes + bytes;
			check.iq:add_child(xml);
		end
	end
	if #check.items > 0 then send_check(check); end
end

local function on_verdict(tag, item, v_epoch, v_serial)
	local place = place_of(item);
	if not place then return finish(item, UNGUARDED); end
	local verdict = verdicts.read(tag, item, place, v_epoch, v_serial);
	if is_void(verdict, item.bare) then
		item.iq = nil;
		return M.check_again(item);
	end
	local lease_s = tonumber(tag.attr.lease) or 0;
	if lease_s > 0 and item.is_ordinary and verdict.action ~= "unavailable" then
		verdicts.lease(item, verdict, lease_s);
	end
	finish(item, verdict);
end

local function on_verdicts(id, items, reply)
	local v_epoch = reply.attr.epoch;
	local v_serial = tonumber(reply.attr.serial) or -1;
	link.responsive = true;
	if v_epoch ~= link.epoch and link.attached then guard.attachment.attach_soon(); end -- it has restarted
	for i = 1, #reply.tags do
		local tag = reply.tags[i];
		local item = tag.name == "verdict" and items[tonumber(tag.attr.n) or 0];
		if item and item.iq == id then
			on_verdict(tag, item, v_epoch, v_serial);
		end
	end
	for i = 1, #items do -- what the answer left out
		if items[i].iq == id then finish(items[i], UNAVAILABLE); end
	end
end

-- An IQ refused whole: nobody's post shall suffer for another's.
local function on_check_error(id, items)
	link.responsive = true;
	complain("%s refused a check of %d items", component, #items);
	for i = 1, #items do
		local item = items[i];
		local place = place_of(item);
		if item.iq ~= id then -- luacheck: ignore 542
		elseif #items == 1 or not place then
			finish(item, place and UNAVAILABLE or UNGUARDED);
		elseif is_stale(item, place) then
			read_again(item);
		else
			local check = new_check();
			check.items[1] = item;
			check.iq:add_child((item_xml(item, 1, place)));
			send_check(check);
		end
	end
end

-- Everything that was asked is answered with "unavailable".
function M.give_up_all()
	local lost = {};
	for id, items in pairs(pending) do
		for i = 1, #items do
			if items[i].iq == id then lost[#lost + 1] = items[i]; end
		end
	end
	for i = 1, #outbox do lost[#lost + 1] = outbox[i]; end
	pending, outbox = {}, {};
	for i = 1, #lost do
		if lost[i].waiting then finish(lost[i], UNAVAILABLE); end
	end
end

-- Whether an item's time is up.  It is looked at twice: a server that was
-- busy runs its timers before it reads, and the answer may be there already.
local function is_overdue(item, t)
	if t < item.deadline - SECONDS.tick_busy then return false; end
	if item.is_late then return t >= item.deadline; end
	item.is_late = true;
	return false;
end

function M.expire(t)
	t = attended(t);
	local late = {};
	for id, items in pairs(pending) do
		local is_alive = false;
		for i = 1, #items do
			local item = items[i];
			if item.iq == id and is_overdue(item, t) then
				late[#late + 1] = item;
			elseif item.iq == id then
				is_alive = true;
			end
		end
		if not is_alive then pending[id] = nil; end
	end
	for i = 1, #outbox do
		if outbox[i].waiting and is_overdue(outbox[i], t) then
			late[#late + 1] = outbox[i];
		end
	end
	if #late == 0 then return; end
	link.responsive = false;
	complain("%s does not answer: %d checks timed out", component, #late);
	for i = 1, #late do
		if late[i].waiting then finish(late[i], UNAVAILABLE); end
	end
end

-- After a reload: what was to be asked at the end of that turn.
function M.resume()
	if outbox[1] then schedule_flush(); end
end

-- The answer to one of ours; false if it comes too late, or is not ours.
function M.on_reply(id, stanza)
	local items = pending[id];
	if not items then return false; end
	pending[id] = nil;
	local reply = stanza.attr.type == "result" and stanza:get_child("verdicts", NS.guard);
	if reply then
		on_verdicts(id, items, reply);
	else
		on_check_error(id, items);
	end
	return true;
end

return M;
