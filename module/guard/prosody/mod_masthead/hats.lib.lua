-- What guarded rooms add to presence.
--
-- records[room][nick's JID] = {
--   bare                 whose it is
--   hats, expires_at     what this occupant wears; until when
--   next_ask             when to ask about it (again); nil: not
--   is_asking            asked, without answer so far
--   is_recalled          what it wears is void unless the answer says so
-- }
-- One for each occupant that was asked about, with a hat or without.

local st = require "util.stanza";

local guard = module.guard;
local common, structure = guard.common, guard.structure;
local NS, MAX, SECONDS = common.NS, common.MAX, common.SECONDS;
local now, link, same_xml = common.now, common.link, common.same_xml;
local is_dirty, strip = structure.is_dirty, structure.strip;
local place_of, ask = guard.places.of_room, guard.asking.ask;
local muc = module:depends("muc");

local next, pairs = next, pairs;

local M = {};

local records = guard.saved.records or {};
M.records = records;

function M.save(state)
	state.records = records;
end

local function record_of(room_jid, nick_jid, bare)
	local nicks = records[room_jid];
	if not nicks then
		nicks = {};
		records[room_jid] = nicks;
	end
	local record = nicks[nick_jid];
	if not record or record.bare ~= bare then
		record = { bare = bare };
		nicks[nick_jid] = record;
	end
	return record;
end

local function forget(room_jid, nick_jid)
	local nicks = records[room_jid];
	if not nicks then return; end
	nicks[nick_jid] = nil;
	if next(nicks) == nil then records[room_jid] = nil; end
end

-- Shows everybody in the room what an occupant wears now.
local function show(room_jid, nick_jid)
	local room = muc.get_room_from_jid(room_jid);
	local occupant = room and room:get_occupant_by_nick(nick_jid);
	if occupant then
		room:publicise_occupant_status(occupant, st.stanza("x", { xmlns = NS.muc_user }));
	end
end

-- Takes what a verdict says into a record; true if the hats changed.
local function wear(record, verdict)
	local old, new, t = record.hats or {}, verdict.hats or {}, now();
	local is_changed = #old ~= #new;
	for i = 1, #new do
		is_changed = is_changed or not same_xml(old[i], new[i]);
	end
	local expires = verdict.hats and verdict.expires;
	record.hats = verdict.hats;
	record.expires_at = expires and t + expires or nil;
	record.next_ask = expires and t + expires / 2 or nil;
	record.is_recalled = nil;
	return is_changed;
end

local function take_off(record, room_jid, nick_jid)
	record.hats, record.expires_at, record.is_recalled = nil, nil, nil;
	show(room_jid, nick_jid);
end

-- The answer about a join has come.
function M.settle(item, verdict)
	local nicks = records[item.dest];
	local record = nicks and nicks[item.nick_jid];
	if item.is_background then
		link.asks_in_flight = link.asks_in_flight - 1;
		if record then record.is_asking = nil; end
	end
	local room = muc.get_room_from_jid(item.dest);
	local occupant = room and room:get_occupant_by_nick(item.nick_jid);
	local is_theirs = occupant and occupant.bare_jid == item.bare;
	if occupant and not is_theirs then
		return; -- somebody else has the nickname; the room will say so
	elseif not occupant and item.is_background then
		return forget(item.dest, item.nick_jid);
	end

	if verdict.action == "refuse" then
		if item.is_background then
			local reason = verdict.error and verdict.error:get_child_text("text", NS.stanzas);
			room:set_role(true, item.nick_jid, nil, reason);
		end
		return;
	end
	record = record_of(item.dest, item.nick_jid, item.bare);
	if verdict.action == "unavailable" then
		record.next_ask = now() + SECONDS.ask_again;
		if record.is_recalled and record.hats then
			take_off(record, item.dest, item.nick_jid);
		end
	elseif wear(record, verdict) and is_theirs then
		show(item.dest, item.nick_jid);
	end
end

local function ask_about(room_jid, nick_jid, record)
	local room = muc.get_room_from_jid(room_jid);
	local occupant = room and room:get_occupant_by_nick(nick_jid);
	local place = place_of(room_jid);
	if not place or not occupant or occupant.bare_jid ~= record.bare then
		return forget(room_jid, nick_jid);
	end
	record.is_asking, record.next_ask = true, nil;
	link.asks_in_flight = link.asks_in_flight + 1;
	-- The language is that of the occupant's presence.
	local item = { way = "room", dest = room_jid, is_background = true, nick_jid = nick_jid };
	item.stanza = occupant:get_presence() or st.presence();
	guard.messages.describe(item, "join", place, room, occupant);
	item.stanza = nil;
	ask(item);
end

-- Renews, expires, and asks about whoever was not asked about.
local function attend_records(t)
	local expired, due = {}, {};
	local may_ask = link.attached and not link.stopping and MAX.asks - link.asks_in_flight or 0;
	for room_jid, nicks in pairs(records) do
		for nick_jid, record in pairs(nicks) do
			if record.expires_at and t >= record.expires_at then
				expired[#expired + 1] = { room_jid, nick_jid, record };
				record.next_ask = record.next_ask or t;
			end
			if #due < may_ask and record.next_ask and t >= record.next_ask
			and not record.is_asking then
				due[#due + 1] = { room_jid, nick_jid, record };
			end
		end
	end
	for i = 1, #expired do
		local room_jid, nick_jid, record = expired[i][1], expired[i][2], expired[i][3];
		take_off(record, room_jid, nick_jid);
	end
	for i = 1, #due do -- the rest at the next tick
		ask_about(due[i][1], due[i][2], due[i][3]);
	end
end

-- Takes out of an occupant's presence what was forged before the place was
-- guarded; true if there was any, for it is on everybody's screen.
local function disarm(occupant)
	local was_dirty = false;
	for _, presence in occupant:each_session() do
		if is_dirty(presence, nil, 1) then
			strip(presence, nil, 1);
			was_dirty = true;
		end
	end
	return was_dirty;
end

local function live_rooms()
	local rooms = {};
	for room in muc.live_rooms() do rooms[room.jid] = room; end
	return rooms;
end

-- Asks about the occupants of all guarded rooms: everybody, or those who
-- came in while nobody could be asked.
function M.on_attached(everybody)
	local t = now();
	for room_jid, nicks in pairs(records) do
		for _, record in pairs(nicks) do
			if everybody then record.next_ask, record.is_recalled = t, true; end
		end
		if not place_of(room_jid) then
			records[room_jid] = nil;
			for nick_jid, record in pairs(nicks) do
				if record.hats then show(room_jid, nick_jid); end
			end
		end
	end
	for room_jid, room in pairs(live_rooms()) do
		if place_of(room_jid) then
			-- Not each_occupant, which copies each of them.
			for nick_jid, occupant in pairs(room._occupants) do
				local nicks = records[room_jid];
				if not nicks or not nicks[nick_jid] then
					record_of(room_jid, nick_jid, occupant.bare_jid).next_ask = t;
					if disarm(occupant) then show(room_jid, nick_jid); end
				end
			end
		end
	end
	attend_records(t);
end

-- Joins that the room refused after all leave a record behind.
function M.prune()
	for room_jid, room in pairs(live_rooms()) do
		for nick_jid in pairs(records[room_jid] or {}) do
			if not room._occupants[nick_jid] then
				forget(room_jid, nick_jid);
			end
		end
	end
end

function M.on_recall(actor, t)
	for _, nicks in pairs(records) do
		for _, record in pairs(nicks) do
			if record.bare == actor then
				record.next_ask, record.is_recalled = t, true;
			end
		end
	end
	attend_records(t);
end

-- Without us nobody strips forged hats: genuine ones go, too.
function M.on_unload()
	local worn = {};
	for room_jid, nicks in pairs(records) do
		worn[room_jid], records[room_jid] = nicks, nil;
	end
	for room_jid, nicks in pairs(worn) do
		for nick_jid, record in pairs(nicks) do
			if record.hats then show(room_jid, nick_jid); end
		end
	end
end

M.record_of, M.forget, M.look_after = record_of, forget, attend_records;

return M;
