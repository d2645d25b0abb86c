-- Verdicts: what they say, how long they hold (leases), and what makes them
-- void (recalls, epochs).
--
-- A verdict is { action = "pass" | "refuse" | "unavailable", ... }.

local st = require "util.stanza";
local time = require "util.time"; -- looked up at each call: tests shift it

local guard = module.guard;
local NS, MAX, SECONDS = guard.common.NS, guard.common.MAX, guard.common.SECONDS;
local now, link = guard.common.now, guard.common.link;
local saved, ways = guard.saved, guard.ways;

local next, pairs, tonumber = next, pairs, tonumber;

local UNAVAILABLE = { action = "unavailable" };
local M = {
	UNAVAILABLE = UNAVAILABLE;
	UNGUARDED = { action = "pass", local_rule = true };
	LIMIT = { action = "refuse", own = "limit", local_rule = true };
};

-- Leases.  One for each of bare JID, destination and what is done there (a
-- kind of message, or the node); the rest must match.
local leases, lease_count = saved.leases or {}, saved.lease_count or 0;
local recalled, recalled_count = saved.recalled or {}, saved.recalled_count or 0; -- bare JID -> { serial, at }

function M.save(state)
	state.leases, state.lease_count = leases, lease_count;
	state.recalled, state.recalled_count = recalled, recalled_count;
end

local function prune_leases()
	local t = now();
	lease_count = 0;
	for bare, dests in pairs(leases) do
		for dest, deeds in pairs(dests) do
			for deed, lease in pairs(deeds) do
				if t >= lease.expires_at then
					deeds[deed] = nil;
				else
					lease_count = lease_count + 1;
				end
			end
			if next(deeds) == nil then dests[dest] = nil; end
		end
		if next(dests) == nil then leases[bare] = nil; end
	end
end

function M.lease(item, verdict, seconds)
	if lease_count >= MAX.leases then prune_leases(); end
	if lease_count >= MAX.leases then leases, lease_count = {}, 0; end
	local dests = leases[item.bare] or {};
	leases[item.bare] = dests;
	local deeds = dests[item.dest] or {};
	dests[item.dest] = deeds;
	local deed = item.node or item.kind;
	if not deeds[deed] then lease_count = lease_count + 1; end
	deeds[deed] = {
		verdict = verdict, expires_at = now() + seconds;
		place = ways[item.way].place(item), affiliation = item.affiliation;
		nick = item.lease_nick, occupant = item.occupant, salt = item.salt;
		lang = verdict.action == "refuse" and (item.lang or "") or nil;
	};
end

-- The lease for an ordinary publication, or nil.  What only one way knows of
-- (nickname, affiliation ...), it compares itself.
function M.find_lease(place, bare, dest, deed, lang)
	local dests = leases[bare];
	local deeds = dests and dests[dest];
	local lease = deeds and deeds[deed];
	if not lease or lease.place ~= place
	or lease.lang and lease.lang ~= (lang or "")
	or time.monotonic() >= lease.expires_at then
		return nil;
	end
	return lease;
end

function M.is_void(verdict, bare)
	if verdict.local_rule or verdict.action == "unavailable" then return false; end
	if verdict.epoch ~= link.epoch or verdict.serial < link.floor_serial then return true; end
	local recall = recalled[bare];
	return recall ~= nil and verdict.serial < recall.serial;
end

-- Nothing that was decided before counts any more.
function M.void_all(serial)
	leases, lease_count = {}, 0;
	recalled, recalled_count = {}, 0;
	link.floor_serial = serial;
end

function M.recall(actor, serial)
	local before = recalled[actor];
	if not before then recalled_count = recalled_count + 1; end
	recalled[actor] = { serial = math.max(serial, before and before.serial or 0), at = now() };
	if recalled_count > MAX.recalls then M.void_all(serial); end
	leases[actor] = nil;
end

function M.prune(t)
	prune_leases();
	for actor, recall in pairs(recalled) do
		if t - recall.at > SECONDS.recall_kept then
			recalled[actor] = nil;
			recalled_count = recalled_count - 1;
		end
	end
end

-- One <hats/> for each namespace that the place allows.
local function hats_of(tags, place)
	local list, by_ns = nil, {};
	for i = 1, #tags do
		local hat = tags[i];
		local ns = hat.attr.xmlns;
		if hat.name == "hat" and ns and place.hats[ns] then
			if not by_ns[ns] then
				by_ns[ns] = st.stanza("hats", { xmlns = ns });
				list = list or {};
				list[#list + 1] = by_ns[ns];
			end
			by_ns[ns]:add_direct_child(hat);
		end
	end
	return list;
end

function M.read(tag, item, place, v_epoch, v_serial)
	local verdict = { action = tag.attr.action, epoch = v_epoch, serial = v_serial };
	if verdict.action == "refuse" then
		verdict.error = tag:get_child("error")
			or st.stanza("error", { type = "auth" }):tag("forbidden", { xmlns = NS.stanzas }):up();
	elseif verdict.action ~= "pass" then
		return UNAVAILABLE; -- a word that we do not know decides nothing
	elseif item.kind == "join" then
		verdict.hats = hats_of(tag.tags, place);
		-- At least a second: a hat that ends at once would be asked for
		-- again with every tick.
		verdict.expires = tonumber(tag.attr.expires);
		if verdict.expires and verdict.expires < 1 then verdict.expires = 1; end
	else
		for i = 1, #tag.tags do
			local extra = tag.tags[i];
			if extra.attr.xmlns ~= NS.guard then
				verdict.extras = verdict.extras or {};
				verdict.extras[#verdict.extras + 1] = extra;
			end
		end
	end
	return verdict;
end

return M;
