-- The list of guarded places, kept on the server's disk.

local jid = require "util.jid";
local serialization = require "util.serialization";
local sorted_pairs = require "util.iterators".sorted_pairs;

local guard = module.guard;
local saved = guard.saved;
local NS, MAX, component = guard.common.NS, guard.common.MAX, guard.common.component;

local next, pairs, ipairs, tonumber = next, pairs, ipairs, tonumber;
local s_sub = string.sub;
local jid_node = jid.node;

local M = {};

local store = module:open_store("masthead_places");
local pass_before_attach =
	module:get_option_string("masthead_before_attach", "refuse") == "pass";

-- The compiled list, and its stored form, serialised.
local places, places_text = saved.places, saved.places_text;
-- Caches: room -> place or false; node -> rules (see `rules_of`) or false.
local guarded, guarded_count = saved.guarded or {}, saved.guarded_count or 0;
local node_rules, node_rules_count = saved.node_rules or {}, saved.node_rules_count or 0;

-- Before there has been any list: nobody knows what is guarded, so that
-- every room and node is, unless the operator said otherwise.
local unknown_place = { is_unknown = true, hats = {} };
local unknown_rules = { { ["*"] = unknown_place, [""] = unknown_place } };

function M.save(state)
	state.places, state.places_text = places, places_text;
	state.guarded, state.guarded_count = guarded, guarded_count;
	state.node_rules, state.node_rules_count = node_rules, node_rules_count;
end

-- What accounts keep in nodes for themselves and their contacts: keys,
-- bookmarks, avatars, how they feel.  It is no publishing, and cannot be
-- guarded there.  The list of docs/PROTOCOL.md.
local PERSONAL = guard.common.names(
	"http://jabber.org/protocol/activity", "http://jabber.org/protocol/geoloc",
	"http://jabber.org/protocol/mood", "http://jabber.org/protocol/nick",
	"http://jabber.org/protocol/tune", "urn:xmpp:vcard4");
local PERSONAL_BEGIN = {
	"eu.siacs.conversations.axolotl", "storage:", "urn:xmpp:avatar:",
	"urn:xmpp:bookmarks:", "urn:xmpp:gaming:", "urn:xmpp:mds:", "urn:xmpp:moved:",
	"urn:xmpp:omemo:", "urn:xmpp:openpgp:", "urn:xmpp:reach:", "urn:xmpp:viewing:",
};

local function is_personal(node)
	if PERSONAL[node] then return true; end
	for i = 1, #PERSONAL_BEGIN do
		local beginning = PERSONAL_BEGIN[i];
		if s_sub(node, 1, #beginning) == beginning then return true; end
	end
	return false;
end

local function words(s)
	local set = {};
	for word in (s or ""):gmatch("%S+") do set[word] = true; end
	return set;
end

-- The stored form is the attributes as they came, and the labels' terms.
local KINDS = guard.common.names("room", "node");
function M.read(reply)
	local list = {};
	for _, tag in ipairs(reply.tags) do
		if tag.name == "place" and tag.attr.xmlns == NS.guard
		and KINDS[tag.attr.kind] and tag.attr.name and tonumber(tag.attr.id) then
			local raw = { labels = {} };
			for k, v in pairs(tag.attr) do raw[k] = v; end
			raw.xmlns = nil;
			for _, label in ipairs(tag.tags) do
				if label.name == "label" and label.attr.term then
					raw.labels[#raw.labels + 1] = label.attr.term;
				end
			end
			list[#list + 1] = raw;
		end
	end
	return list;
end

local function compile_place(raw)
	local labels, exempt = {}, words(raw.exempt);
	for _, term in pairs(raw.labels) do labels[term] = true; end
	return {
		id = raw.id;
		is_observed = raw.mode == "observe";
		pass_unavailable = raw.unavailable == "pass";
		may_react = words(raw["others-may"]).react;
		no_encryption = raw.encrypted == "refuse";
		only_labelled = raw.when == "labelled";
		labels = next(labels) and labels or nil;
		exempt = next(exempt) and exempt or nil;
		hats = words(raw.hats);
	};
end

-- Patterns of nodes, the most specific first: { name, is_beginning, owners },
-- `owners` being localpart, "*" (every account) or "" (the host itself) ->
-- place.
local function add_node(patterns, by_name, raw, place)
	local pattern = by_name[raw.name];
	if not pattern then
		local is_beginning = s_sub(raw.name, -1) == "*";
		pattern = { owners = {}, is_beginning = is_beginning,
			name = is_beginning and s_sub(raw.name, 1, -2) or raw.name };
		by_name[raw.name] = pattern;
		patterns[#patterns + 1] = pattern;
	end
	pattern.owners[raw.owner or ""] = place;
end

local function compile(list)
	local compiled = { rooms = {}, nodes = {}, owners = {} };
	local by_name = {};
	for _, raw in pairs(list) do
		local place = compile_place(raw);
		if raw.kind == "node" then
			add_node(compiled.nodes, by_name, raw, place);
			compiled.owners[raw.owner or ""] = true;
		else
			compiled.rooms[raw.name] = place;
		end
	end
	table.sort(compiled.nodes, function (a, b)
		if a.is_beginning ~= b.is_beginning then return b.is_beginning; end
		return #a.name > #b.name;
	end);
	return compiled;
end

local function sort_key(raw)
	return ("%s\0%s\0%s"):format(raw.kind, raw.name, raw.owner or "");
end

-- Takes a list; true if it is another than before.
function M.set(list)
	table.sort(list, function (a, b) return sort_key(a) < sort_key(b); end);
	local text = serialization.serialize(list, { table_iterator = sorted_pairs });
	if text == places_text then return false; end
	places, places_text = compile(list), text;
	guarded, guarded_count = {}, 0;
	node_rules, node_rules_count = {}, 0;
	return true;
end

function M.keep(list)
	local ok, err = store:set(nil, { list = list });
	if not ok then
		module:log("error", "The place list cannot be stored: after a restart, nothing is known until %s is there: %s",
			component, err);
	end
end

-- The place of a room, or nil if it is not guarded.
function M.of_room(room_jid)
	local place = guarded[room_jid];
	if place == nil then
		if not places then
			place = not pass_before_attach and unknown_place;
		else
			place = places.rooms[jid_node(room_jid) or ""] or places.rooms["*"] or false;
		end
		if guarded_count >= MAX.cache then
			guarded, guarded_count = {}, 0;
		end
		guarded[room_jid], guarded_count = place, guarded_count + 1;
	end
	return place or nil;
end

-- What holds for a node: the owners of each pattern that covers it; false if
-- there is none.
local function rules_of(node)
	if not places then return not pass_before_attach and unknown_rules; end
	local rules = {};
	for _, pattern in ipairs(places.nodes) do
		if node == pattern.name and not pattern.is_beginning
		or pattern.is_beginning and s_sub(node, 1, #pattern.name) == pattern.name then
			rules[#rules + 1] = pattern.owners;
		end
	end
	return rules[1] and rules or false;
end

local function learn_rules(node)
	-- The server writes these bytes as they are, and XML makes spaces of
	-- them: that is the name which Masthead and every reader see.
	local name = node:gsub("[\t\n\r]", " ");
	local rules = rules_of(name);
	if rules and is_personal(name) then
		local hosts_own = {}; -- what is said of accounts does not count
		for i = 1, #rules do
			hosts_own[#hosts_own + 1] = rules[i][""] and { [""] = rules[i][""] };
		end
		rules = hosts_own[1] and hosts_own or false;
	end
	if #node > MAX.attr then return rules; end -- not worth keeping
	if node_rules_count >= MAX.cache then
		node_rules, node_rules_count = {}, 0;
	end
	node_rules[node], node_rules_count = rules, node_rules_count + 1;
	return rules;
end

-- The place of a node, or nil if it is not guarded.  `owner`: the localpart
-- of the account whose it is; nil for nodes of the host.
function M.of_node(owner, node)
	local rules = node_rules[node];
	if rules == nil then rules = learn_rules(node); end
	if not rules then return nil; end
	for i = 1, #rules do
		local owners = rules[i];
		local place = owners[owner or ""] or owner and owners["*"];
		if place then return place; end
	end
	return nil;
end

-- Whether this host has guarded places, or the account guarded nodes; for
-- what disco says, so that a list is needed.
function M.are_there()
	return places ~= nil and (next(places.rooms) or places.nodes[1]) ~= nil;
end

function M.has_account(owner)
	return places ~= nil and (places.owners[owner] or places.owners["*"]) == true;
end

function M.load()
	local stored, err = store:get(nil);
	if stored then
		-- What is damaged but parses is no reason not to start: it is unknown.
		local ok, why = pcall(function () M.set(stored.list); end);
		err = not ok and why;
	end
	if err then
		-- There was a list, so something is guarded: that is not "never".
		pass_before_attach = false;
		module:log("error", "The stored place list cannot be read: %s", err);
	elseif not places and not pass_before_attach then
		module:log("info", "No place list so far: until %s is there, posts here bounce", component);
	end
end

return M;
