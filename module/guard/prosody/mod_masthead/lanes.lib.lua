-- Lanes: first in, first out per sender and destination (a room, an account,
-- a host); nothing overtakes.
--
-- A lane is an array of items between `first` and `last`.  An item:
--   stanza, origin, from, dest   what is held, in our own copy
--   way           "room" or "node": which part knows how it goes on
--   kind          publication or "join"; nil: needs no check
--   place         by which it was read
--   is_unread     what it is, is said when it is at the head
--   inside        it was held past the host's hooks
--   is_orphan     the account that it is for has been deleted
--   waiting       a verdict is to come
--   verdict       has come
--   released      is on its way out right now
--
-- A way (guard.ways) has
--   place(item)            the item's place, or nil
--   deliver(item, origin)  lets it go on
--   done(item)             after that, whatever came of it
--   ahead(lane)            after a presence has left the lane
--   settle(item, verdict)  the answer about a join

local st = require "util.stanza";
local jid = require "util.jid";
local xpcall = require "util.xpcall".xpcall;

local guard = module.guard;
local MAX, traceback = guard.common.MAX, guard.common.traceback;
local busy, now = guard.common.busy, guard.common.now;
local link, SECONDS = guard.common.link, guard.common.SECONDS;
local size_of = guard.structure.size_of;
local bounce, verdict_error = guard.errors.bounce, guard.errors.verdict_error;
local ways, saved = guard.ways, guard.saved;

local hosts = prosody.hosts;
local next, pairs = next, pairs;
local jid_bare, jid_split, jid_host = jid.bare, jid.split, jid.host;

local M = {};

local senders = saved.senders or {}; -- full JID -> { lanes = {dest -> lane}, posts, bytes }
local bare_posts, domain_posts = saved.bare_posts or {}, saved.domain_posts or {}; -- waiting
local all_posts = saved.all_posts or 0;
M.senders = senders;

-- Stanzas that we release ourselves, and the item each belongs to.  Weak:
-- a stanza that nobody holds any more needs no mark.  No client can forge
-- it, since it is not in the stanza.
local passing = setmetatable({}, { __mode = "k" });
M.passing = passing;

function M.save(state)
	state.senders = senders;
	state.bare_posts, state.domain_posts, state.all_posts = bare_posts, domain_posts, all_posts;
end

-- A session that ended is an empty table.  What it sent goes out with a
-- stand-in, and answers go by address.
local function living(origin, from)
	if origin and not origin.destroyed then return origin; end
	local node, host, resource = jid_split(from);
	return {
		type = hosts[host] and "c2s" or "s2sin";
		username = node, host = host, resource = resource, full_jid = from;
		log = module._log;
		send = function (reply)
			if st.is_stanza(reply) and reply.attr.to then module:send(reply); end
			return true;
		end;
		close = function () end;
	};
end


-- Whether not even a join may wait any more.
function M.are_full()
	return all_posts >= MAX.all_posts;
end

-- Whether a publication may not wait any more.
function M.is_overloaded(item)
	local sender = senders[item.from];
	if sender and (sender.posts >= MAX.full_posts
		or sender.bytes + item.size > MAX.full_bytes) then
		return true;
	end
	return all_posts >= MAX.all_posts
		or (bare_posts[item.bare] or 0) >= MAX.bare_posts
		or item.domain and (domain_posts[item.domain] or 0) >= MAX.domain_posts;
end

-- Whether so much waits of this sender that nothing else may, whatever it is.
function M.is_behind_much(stanza)
	local sender = senders[stanza.attr.from];
	return sender ~= nil and sender.bytes + size_of(stanza) > MAX.full_bytes;
end

local function count_in(t, key, by)
	local n = (t[key] or 0) + by;
	t[key] = n > 0 and n or nil;
end

-- Counts an item in (1) or out (-1).
local function count_item(item, by)
	local sender = senders[item.from];
	sender.bytes = sender.bytes + by * item.size;
	if not item.counts then return; end
	sender.posts = sender.posts + by;
	all_posts = all_posts + by;
	count_in(bare_posts, item.bare, by);
	if item.domain then count_in(domain_posts, item.domain, by); end
end

-- Puts an item at the end of its lane.
function M.enqueue(item)
	local sender = senders[item.from];
	if not sender then
		sender = { lanes = {}, posts = 0, bytes = 0 };
		senders[item.from] = sender;
	end
	local lane = sender.lanes[item.dest];
	if not lane then
		lane = { from = item.from, dest = item.dest, first = 1, last = 0, presences = 0 };
		sender.lanes[item.dest] = lane;
	end
	lane.last = lane.last + 1;
	lane[lane.last] = item;
	item.lane = lane;
	item.counts = item.kind ~= nil and item.kind ~= "join";
	if item.stanza.name == "presence" then lane.presences = lane.presences + 1; end
	count_item(item, 1);
end

local function dequeue(lane)
	local item = lane[lane.first];
	lane[lane.first] = nil;
	lane.first = lane.first + 1;
	item.lane = nil;
	if item.stanza.name == "presence" then lane.presences = lane.presences - 1; end
	count_item(item, -1);
	return item;
end

-- What a stream has parsed belongs to whoever handles it.  Anything else
-- may be sent round, by changing `to` of one and the same stanza; presence
-- always is.
local OWNED = { c2s = true, s2sin = true, s2sout = true, component = true };
M.OWNED = OWNED;

function M.new_item(way, origin, stanza, dest, bare)
	local is_ours = stanza.name ~= "presence" and OWNED[origin.type];
	bare = bare or jid_bare(stanza.attr.from);
	local domain = jid_host(bare);
	return {
		way = way, stanza = is_ours and stanza or st.clone(stanza);
		origin = origin, size = size_of(stanza);
		from = stanza.attr.from, bare = bare, dest = dest;
		domain = not hosts[domain] and domain or nil; -- of remote senders
	};
end

-- Ends an item: delivered or bounced, unless it turns out on the way that
-- it needs a check (then `released` is false again).
local function let_go(item)
	local stanza, verdict = item.stanza, item.verdict;
	local origin = living(item.origin, item.from);
	if verdict and verdict.action ~= "pass" then
		local place = ways[item.way].place(item);
		local may_pass = verdict.action == "unavailable"
			and (item.kind == "join" or place and place.pass_unavailable);
		if not may_pass then
			return bounce(origin, stanza, verdict_error(verdict, stanza));
		end
	end
	passing[stanza] = item;
	ways[item.way].deliver(item, origin);
end

local is_releasing = false;
local turn_began_at, released_at;
local function release(item)
	local began_at = not is_releasing and now();
	is_releasing = true;
	item.released = true;
	xpcall(let_go, traceback, item);
	passing[item.stanza] = nil;
	if began_at then
		is_releasing = false;
		released_at = now();
		busy.s = busy.s + released_at - began_at;
	end
	local done = ways[item.way].done;
	if done then done(item); end
end

-- Lanes that are ready, left for the server's next turn: between hundreds of
-- releases others have their say, and answers are read.
local left = {};

local function go_on()
	local lanes = left;
	left = {};
	released_at = nil; -- a new turn
	for i = 1, #lanes do
		lanes[i].is_left = nil;
		if lanes[i].first <= lanes[i].last then M.drain(lanes[i]); end
	end
end

local function leave(lane)
	if lane.is_left then return; end
	lane.is_left = true;
	left[#left + 1] = lane;
	if #left == 1 then module:add_timer(0, go_on); end
end

-- Whether this turn has had its time.  What follows upon the last release at
-- once, is of the same turn.
local function is_turn_over()
	if link.stopping then return false; end
	local t = now();
	if not released_at or t - released_at > SECONDS.turn_gap then
		turn_began_at = t;
		return false;
	end
	return t - turn_began_at > SECONDS.turn;
end

-- Releases what is ready at the head of a lane, in order.
function M.drain(lane)
	if lane.draining then return; end -- the loop below goes on
	lane.draining = true;
	while lane.first <= lane.last do
		local item = lane[lane.first];
		if item.waiting then break; end
		if is_turn_over() then
			leave(lane);
			break;
		end
		if item.verdict and guard.verdicts.is_void(item.verdict, item.bare) then
			guard.asking.check_again(item); -- recalled while it stood in line
		else
			release(item);
			if item.released then
				dequeue(lane);
				if item.stanza.name == "presence" then
					xpcall(ways[item.way].ahead, traceback, lane);
				end
			end
		end
	end
	lane.draining = false;
	if lane.first > lane.last then
		local sender = senders[lane.from];
		sender.lanes[lane.dest] = nil;
		if next(sender.lanes) == nil then senders[lane.from] = nil; end
	end
end

-- All lanes: after a reload, and at the end, when no turn follows.
function M.drain_all()
	local lanes = {};
	for _, sender in pairs(senders) do
		for _, lane in pairs(sender.lanes) do lanes[#lanes + 1] = lane; end
	end
	for i = 1, #lanes do
		lanes[i].is_left = nil;
		if lanes[i].first <= lanes[i].last then M.drain(lanes[i]); end
	end
end

-- Puts a stanza that needs no check, or cannot be read yet, behind what
-- waits in its lane.
function M.hold_plain(way, event, dest)
	local item = M.new_item(way, event.origin, event.stanza, dest);
	M.enqueue(item);
	return item;
end

-- What a version of this module with another state left behind, is let go
-- as it came.
function M.adopt_foreign(foreign)
	for _, sender in pairs(foreign.senders or {}) do
		for _, lane in pairs(sender.lanes) do
			for i = lane.first, lane.last do
				local stanza = lane[i].stanza;
				local origin = living(lane[i].origin, stanza.attr.from);
				if stanza.attr.to then
					module:send(stanza, origin);
				else -- to one's own account
					prosody.core_post_stanza(origin, stanza);
				end
			end
		end
	end
end

return M;
