-- mod_masthead: the guard of Masthead inside Prosody (0.12), for rooms.
--
-- Load it on a MUC component.  For the rooms that Masthead's place list
-- names, it holds each publication for the moment that a decision takes,
-- asks Masthead over its component connection (docs/PROTOCOL.md), and then
-- lets it go on with a badge, or bounces it with the reason.  What it sends
-- is a description: who, where, how the post is built.  Never its text.
--
-- How it is cut, from top to bottom:
--   structure    what a post is built of; taking out what is forged
--   places       the list of guarded rooms, kept on disk
--   errors       what the sender of a refused post reads
--   lanes        first in, first out per sender and room; nothing overtakes
--   asking       checks out, verdicts in, deadlines, leases
--   hats         what guarded rooms add to presence
--   attachment   attach, recall, probe; the component coming and going
--   hooks        where all this meets the room
--   life         reload, unload, shutdown
--
-- Rules that hold everywhere:
-- * A held stanza ends exactly once: its lane item leaves the lane in
--   `drain` and nowhere else.
-- * No room, occupant or session is trusted across a turn of the server:
--   items keep addresses, and look rooms up again.
-- * Items, leases and records are plain data without functions, so that a
--   reload can hand them to the next version of this file.
-- * Deadlines and expiries compare with the monotonic clock when they are
--   looked at; the timer only makes somebody look.

local st = require "util.stanza";
local jid = require "util.jid";
local time = require "util.time"; -- looked up at each call: tests shift it
local new_id = require "util.id".short;
local xpcall = require "util.xpcall".xpcall;
local serialization = require "util.serialization";
local sorted_pairs = require "util.iterators".sorted_pairs;

local hosts = prosody.hosts;
local next, pairs, ipairs, type, tonumber = next, pairs, ipairs, type, tonumber;
local setmetatable, tostring = setmetatable, tostring;
local s_find, s_match, s_sub = string.find, string.match, string.sub;
local jid_bare, jid_split, jid_prep = jid.bare, jid.split, jid.prep;
local jid_resource, jid_host, jid_node = jid.resource, jid.host, jid.node;

if module:get_host_type() ~= "component"
or not hosts[module.host].modules.muc then
	module:log("info", "This host has no rooms, and rooms are what this version guards: nothing to do here");
	return;
end
local muc = module:depends("muc"); -- also reloads and unloads us with it

local component = module:get_option_string("masthead_component");
local pass_before_attach =
	module:get_option_string("masthead_before_attach", "refuse") == "pass";
local timeout_s = module:get_option_number("masthead_timeout", 3);
-- mod_muc's own switch (XEP-0421); without occupant-ids, nicks stand in.
local has_occupant_id = module:get_option_boolean("muc_occupant_id", true);

local NS_GUARD = "urn:masthead:guard:0";
local NS_ERROR = "urn:masthead:error:0";
local NS_STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"; -- RFC 6120
local NS_MUC_USER = "http://jabber.org/protocol/muc#user"; -- XEP-0045
local NS_HATS = "urn:xmpp:hats:0"; -- XEP-0317
local NS_HATS_OLD = "xmpp:prosody.im/protocol/hats:1"; -- before 0.2 of it
local NS_OCCUPANT_ID = "urn:xmpp:occupant-id:0"; -- XEP-0421
local NS_REACTIONS = "urn:xmpp:reactions:0"; -- XEP-0444
local NS_CORRECT = "urn:xmpp:message-correct:0"; -- XEP-0308
local NS_FASTEN = "urn:xmpp:fasten:0"; -- XEP-0422, of XEP-0424 before 0.4
local NS_ATOM = "http://www.w3.org/2005/Atom"; -- RFC 4287
local NS_FALLBACK = "urn:xmpp:fallback:0"; -- XEP-0428
local NS_XHTML_IM = "http://jabber.org/protocol/xhtml-im"; -- XEP-0071
local NS_MEDIA = "urn:xmpp:sims:1"; -- XEP-0385

local MAX = {
	-- docs/PROTOCOL.md, "check"
	items = 64; -- in one IQ
	bytes = 60000; -- in one IQ; 64 KiB less what surrounds the strings
	attr = 1024;
	reprints = 8;
	labels = 8;
	-- What may wait at a time; beyond, posts bounce.
	full_posts = 1000; -- of one full JID
	full_bytes = 4 * 1024 * 1024;
	bare_posts = 1000;
	domain_posts = 2000; -- of one remote domain
	all_posts = 10000;
	-- Bounds of our own.
	depth = 64; -- levels of elements in a stanza that are looked at
	leases = 20000;
	recalls = 10000;
	cache = 2000; -- namespaces, room names
	cached_name = 128; -- bytes of a namespace
	reaction = 64; -- bytes; the longest emoji have about 40
	reactions = 32; -- in one message
	asks = 128; -- occupants asked about at a time, not joining
	eager = 3; -- a post whose verdicts are void asks so often at once
};

local SECONDS = {
	tick_idle = 1, tick_busy = 0.2;
	recall_kept = 60; -- no verdict is under way longer
	ask_again = 10; -- about an occupant, after no answer
	attach_again = 2, attach_again_max = 30;
	prune = 30;
	complain = 60;
};

local function now()
	return time.monotonic();
end

-- State ------------------------------------------------------------------
-- In locals, because the hot path reads them; `pack` and `unpack` at the end
-- carry them over a reload.

local senders = {}; -- full JID -> { lanes = {room -> lane}, posts, bytes }
local bare_posts, domain_posts, all_posts = {}, {}, 0; -- waiting
local leases, lease_count = {}, 0; -- bare JID -> room -> kind -> lease
local records = {}; -- room -> nick's JID -> what occupants wear; see hats
local pending = {}; -- IQ id -> { items }
local outbox = {}; -- items to ask about at the end of this turn
local flush_due = false;
local recalled, recalled_count = {}, 0; -- bare JID -> { serial, at }
local places, places_text; -- compiled list; its stored form, serialised
local session; -- the component's stream, while it is connected
local link = { -- what we know of Masthead
	attached = false;
	epoch = nil, known_serial = nil; -- up to which we know all recalls; nil: void
	floor_serial = 0; -- verdicts below are void, whoever the actor is
	attach_id = nil, attach_sent = nil; -- under way
	attach_at = nil, attach_delay = SECONDS.attach_again; -- the next try
	is_refused = false; -- the last try failed: nobody to ask so far
	responsive = true; -- false since a check went unanswered
	asks_in_flight = 0; -- about occupants
	id_prefix = "masthead-"..new_id().."-", id_count = 0;
};
local stopping = false;
local last_complaint = -math.huge;

local function next_id()
	link.id_count = link.id_count + 1;
	return link.id_prefix..link.id_count;
end

-- Stanzas that we release ourselves, and the item each belongs to.  Weak:
-- a stanza that nobody holds any more needs no mark.  No client can forge
-- it, since it is not in the stanza.
local passing = setmetatable({}, { __mode = "k" });

-- A verdict is { action = "pass" | "refuse" | "unavailable", ... }.
local UNAVAILABLE = { action = "unavailable" };
local UNGUARDED = { action = "pass", local_rule = true };
local LIMIT = { action = "refuse", own = "limit", local_rule = true };

-- Structure --------------------------------------------------------------

-- Whether a namespace, or a prefixed attribute ("namespace\1name"), is one
-- that only servers and Masthead may use in guarded rooms.  The answers are
-- kept; the keys come from clients, hence the bound.
local reserved_count = 0;
local reserved = setmetatable({}, { __index = function (t, s)
	local is = s_sub(s, 1, 13) == "urn:masthead:"
		or s == NS_HATS or s == NS_HATS_OLD
		or s_sub(s, 1, #NS_HATS + 1) == NS_HATS.."\1"
		or s_sub(s, 1, #NS_HATS_OLD + 1) == NS_HATS_OLD.."\1";
	if #s > MAX.cached_name then return is; end
	reserved_count = reserved_count + 1;
	if reserved_count > MAX.cache then
		for k in pairs(t) do t[k] = nil; end
		reserved_count = 1;
	end
	t[s] = is;
	return is;
end });

-- Namespaces that a client may not use in the stanza's own children.
local top_groupchat = { [NS_MUC_USER] = true };
local top_other = {};
if not has_occupant_id then -- otherwise the room replaces it itself
	top_groupchat[NS_OCCUPANT_ID] = true;
	top_other[NS_OCCUPANT_ID] = true;
end

-- Whether there is anything to strip in `el`.
local function is_dirty(el, top, depth)
	for k in next, el.attr do
		if reserved[k] then return true; end
	end
	local tags = el.tags;
	for i = 1, #tags do
		local tag = tags[i];
		local ns = tag.attr.xmlns;
		if ns and (reserved[ns] or top and top[ns]) then return true; end
		if tag.tags[1] and depth >= MAX.depth or is_dirty(tag, nil, depth + 1) then
			return true;
		end
	end
	return false;
end

-- Takes out what must not be there, and what is too deep to be looked at.
-- One pass (maptags would be quadratic in what it removes).
local function strip(el, top, depth)
	for k in pairs(el.attr) do
		if reserved[k] then el.attr[k] = nil; end
	end
	local tags, n, kept = {}, #el, 0;
	for i = 1, n do
		local child = el[i];
		local keep = true;
		if type(child) == "table" then
			local ns = child.attr.xmlns;
			keep = not (ns and (reserved[ns] or top and top[ns]));
			if keep and depth > MAX.depth then keep = false; end
			if keep then
				strip(child, nil, depth + 1);
				tags[#tags + 1] = child;
			end
		end
		if keep then
			kept = kept + 1;
			el[kept] = child;
		end
	end
	for i = kept + 1, n do el[i] = nil; end
	el.tags = tags;
end

local function names(...)
	local set = {};
	for _, name in pairs({ ... }) do set[name] = true; end
	return set;
end

-- Empty elements of these do not make a message a publication.
local QUIET = {
	["http://jabber.org/protocol/chatstates"] = -- XEP-0085
		names("active", "inactive", "gone", "composing", "paused");
	["urn:xmpp:chat-markers:0"] = -- XEP-0333
		names("markable", "received", "displayed", "acknowledged");
	["urn:xmpp:receipts"] = names("request", "received"); -- XEP-0184
	["urn:xmpp:hints"] = -- XEP-0334
		names("no-permanent-store", "no-store", "no-copy", "store");
	["urn:xmpp:sid:0"] = names("origin-id"); -- XEP-0359
	["urn:xmpp:message-retract:0"] = names("retract"); -- XEP-0424
	["urn:xmpp:message-retract:1"] = names("retract");
};

local RETRACT = { -- XEP-0424
	["urn:xmpp:message-retract:0"] = true;
	["urn:xmpp:message-retract:1"] = true;
};

local ENCRYPTED = {
	["eu.siacs.conversations.axolotl"] = true; -- XEP-0384 before 0.4
	["urn:xmpp:omemo:1"] = true;
	["urn:xmpp:omemo:2"] = true; -- XEP-0384
	["urn:xmpp:openpgp:0"] = true; -- XEP-0373
	["jabber:x:encrypted"] = true; -- XEP-0027
	["urn:xmpp:eme:0"] = true; -- XEP-0380
};

-- Takes out the child elements that `is_unwanted`; in one pass as well.
local function remove_tags(stanza, is_unwanted)
	local tags, n, kept = {}, #stanza, 0;
	for i = 1, n do
		local child = stanza[i];
		local is_tag = type(child) == "table";
		stanza[i] = nil;
		if not is_tag or not is_unwanted(child, child.attr.xmlns) then
			kept = kept + 1;
			stanza[kept] = child;
			if is_tag then tags[#tags + 1] = child; end
		end
	end
	stanza.tags = tags;
end

local function drop_spare_words(stanza)
	remove_tags(stanza, function (tag, ns)
		return ns == NS_FALLBACK or ns == stanza.attr.xmlns and tag.name == "body";
	end);
end

-- What `classify` found; one table, used again for each post.  Whoever
-- keeps something of it, takes it (`keep_found`).
local found = { reprints = {}, labels = {} };

local function add_reprint(by, of)
	if of and #of > MAX.attr then
		found.over_limit, of = true, nil;
	end
	if of and (of == found.nick_jid or jid_bare(of) == found.bare) then
		return; -- one's own post is no reprint
	end
	if found.reprint_count >= MAX.reprints then
		found.over_limit = true;
		return;
	end
	found.reprint_count = found.reprint_count + 1;
	found.reprints[found.reprint_count] = { by = by, of = of };
end

-- The JID of an xmpp: URI (RFC 5122), or nil.
local function uri_jid(uri)
	local rest = s_match(uri, "^%s*[xX][mM][pP][pP]:([^?#]*)");
	if not rest then return nil; end
	rest = rest:gsub("^//[^/]*/", ""):gsub("%s+$", "");
	rest = rest:gsub("%%(%x%x)", function (hex)
		return string.char(tonumber(hex, 16));
	end);
	return jid_prep(rest);
end

-- How a post shows that it is made of somebody else's, or what it is about:
-- namespace -> what to look at.  By structure alone.
local INSPECT = {
	["urn:xmpp:forward:0"] = function (tag) -- XEP-0297
		if tag.name ~= "forwarded" then return; end
		local of;
		for i = 1, #tag.tags do
			local inner = tag.tags[i];
			if inner.name == "message" then
				of = inner.attr.from;
				break;
			end
		end
		if of and #of <= MAX.attr then of = jid_prep(of); end
		add_reprint("forward", of);
	end;
	["urn:xmpp:reference:0"] = function (tag, in_media) -- XEP-0372
		local uri = tag.attr.uri;
		if tag.name ~= "reference" or tag.attr.type ~= "data"
		or not uri or in_media or not s_find(uri, "^%s*[xX][mM][pP][pP]:") then
			return;
		end
		if tag:get_child("media-sharing", NS_MEDIA) then
			return; -- a picture (XEP-0385)
		end
		add_reprint("reference", #uri <= MAX.attr and uri_jid(uri) or uri);
	end;
	[NS_ATOM] = function (tag) -- RFC 4287, XEP-0277
		if tag.name == "link" then
			local rel, href = tag.attr.rel, tag.attr.href;
			rel = rel and s_match(rel:lower(),
				"^http://www%.iana%.org/assignments/relation/(.*)$") or rel;
			if rel and rel:lower() == "via" then
				add_reprint("via", href and #href <= MAX.attr and uri_jid(href) or href);
			end
		elseif tag.name == "category" then
			local term = tag.attr.term;
			local wanted = found.wanted;
			if not (term and wanted and wanted[term]) or found.labels[term] then
				return;
			end
			if found.label_count >= MAX.labels then
				found.over_limit = true;
				return;
			end
			found.label_count = found.label_count + 1;
			found.labels[term] = true;
		end
	end;
};

-- Looks at everything below `el`, which is itself at `depth`.
local function look_below(el, depth, in_media)
	if depth >= MAX.depth then
		found.over_limit, found.to_strip = true, true;
		return;
	end
	in_media = in_media or el.attr.xmlns == NS_MEDIA;
	local tags = el.tags;
	for i = 1, #tags do
		local tag = tags[i];
		local attr = tag.attr;
		local ns = attr.xmlns;
		if ns and reserved[ns] then
			found.to_strip = true;
		else
			for k in next, attr do
				if reserved[k] then found.to_strip = true; end
			end
			local inspect = ns and INSPECT[ns];
			if inspect then inspect(tag, in_media); end
			if tag.tags[1] then look_below(tag, depth + 1, in_media); end
		end
	end
end

-- What emoji are made of (UTS 51), in UTF-8.  No letters and no bare digits:
-- whoever reacts in words, posts.
local EMOJI = {
	"[%d#*]\239\184\143\226\131\163", "[%d#*]\226\131\163"; -- keycaps
	"\194[\169\174]", "\226\132[\162\185]", "\226\147\130"; -- (c) (r) tm i (m)
	"\226\128[\141\188]", "\226\129\137", "\239\184[\142\143]"; -- joiner !! !? selectors
	-- U+2180 to 21FF, 2300 to 23FF, 2580 to 27BF, 2900 to 297F, 2B00 to 2BFF
	"\226[\134\135\140-\143\150-\158\164\165\172-\175][\128-\191]";
	"\227\128[\176\189]", "\227\138[\151\153]"; -- U+3030, 303D, 3297, 3299
	"\240\159[\128-\191][\128-\191]", "\243\160[\128\129][\128-\191]"; -- U+1Fxxx, tags
};

local function is_emoji(text)
	if #text > MAX.reaction then return false; end
	for i = 1, #EMOJI do text = text:gsub(EMOJI[i], ""); end
	return not s_find(text, "%S");
end

-- Whether these are reactions and nothing that pretends to be (XEP-0444).
local function are_reactions(tag)
	if tag.name ~= "reactions" or #tag.tags > MAX.reactions then return false; end
	for i = 1, #tag do
		local reaction = tag[i];
		if type(reaction) == "string" then
			if s_find(reaction, "%S") then return false; end
		else
			local text = reaction:get_text();
			if reaction.name ~= "reaction" or not text or not is_emoji(text) then
				return false;
			end
		end
	end
	return true;
end

-- A retraction as XEP-0424 had it before 0.4.
local function is_old_retraction(tag)
	local retract = tag.tags[1];
	return tag.name == "apply-to" and #tag == 1 and retract
		and retract.name == "retract" and #retract == 0
		and retract.attr.xmlns == "urn:xmpp:message-retract:0";
end

-- What a groupchat message is: "message", "subject", "correct", or nil when
-- it is no publication.  Details are left in `found`.
local function classify(stanza, place, bare, nick_jid)
	found.bare, found.nick_jid, found.wanted = bare, nick_jid, place.labels;
	found.to_strip, found.over_limit, found.is_encrypted = false, false, false;
	if found.label_count ~= 0 then found.labels, found.label_count = {}, 0; end
	if found.reprint_count ~= 0 then found.reprints, found.reprint_count = {}, 0; end

	local tags = stanza.tags;
	local own_ns = stanza.attr.xmlns;
	local is_loud, has_subject, has_thread, is_correction, is_retraction;
	local bodies, fallbacks = 0, 0;
	for k in next, stanza.attr do
		if reserved[k] then found.to_strip = true; end
	end
	for i = 1, #tags do
		local tag = tags[i];
		local attr = tag.attr;
		local ns = attr.xmlns;
		local drop = false;
		if ns == own_ns then
			local name = tag.name;
			if name == "thread" then
				has_thread = true;
				is_loud = is_loud or tag.tags[1] ~= nil;
			elseif name == "body" then
				bodies = bodies + 1;
			else
				is_loud = true;
				has_subject = has_subject or name == "subject";
			end
		elseif ns and (reserved[ns] or top_groupchat[ns]) then
			drop, found.to_strip = true, true; -- as if it were not there
		else
			local quiet = QUIET[ns];
			if quiet and quiet[tag.name] and #tag == 0 then
				is_retraction = is_retraction or RETRACT[ns];
			elseif ns == NS_REACTIONS and place.may_react and are_reactions(tag) then -- luacheck: ignore 542
			elseif ns == NS_FASTEN and is_old_retraction(tag) then
				is_retraction = true;
			elseif ns == NS_FALLBACK then
				fallbacks = fallbacks + 1;
			else
				is_loud = true;
				if ns == NS_CORRECT and tag.name == "replace" then
					is_correction = true;
				elseif ENCRYPTED[ns] then
					found.is_encrypted = place.no_encryption;
				end
			end
		end
		if not drop then
			for k in next, attr do
				if reserved[k] then found.to_strip = true; end
			end
			local inspect = INSPECT[ns];
			if inspect then inspect(tag); end
			if tag.tags[1] then look_below(tag, 2); end
		end
	end
	-- Clients put words for older ones around a retraction.  The retraction
	-- passes, whoever it is from; the words do not.
	found.has_spare_words = not is_loud and is_retraction
		and bodies <= 1 and fallbacks == 1
		and not place.is_observed and not place.only_labelled;
	is_loud = is_loud or bodies + fallbacks > 0 and not found.has_spare_words;
	if not is_loud and #stanza ~= #tags then -- text between the elements
		for i = 1, #stanza do
			local text = stanza[i];
			if type(text) == "string" and s_find(text, "%S") then
				is_loud = true;
			end
		end
	end
	local lang = stanza.attr["xml:lang"];
	if lang and #lang > MAX.attr then found.over_limit = true; end

	if not is_loud then return nil; end
	if place.only_labelled and found.label_count == 0 then
		return nil; -- the author does not claim to publish here
	end
	-- As mod_muc's subject.lib dispatches it.
	if has_subject and bodies == 0 and not has_thread then return "subject"; end
	return is_correction and "correct" or "message";
end
found.reprint_count, found.label_count = 0, 0;

local function is_ordinary()
	return found.reprint_count == 0 and found.label_count == 0
		and not found.is_encrypted;
end

-- Moves what `classify` found into an item.
local function keep_found(item)
	item.is_encrypted = found.is_encrypted;
	item.is_ordinary = is_ordinary();
	if found.reprint_count > 0 then
		item.reprints, found.reprints, found.reprint_count = found.reprints, {}, 0;
	end
	if found.label_count > 0 then
		item.labels, found.labels, found.label_count = found.labels, {}, 0;
	end
end

-- Bytes that a held stanza costs, roughly.
local function size_of(el)
	local size = 100 + #el.name;
	for k, v in next, el.attr do size = size + #k + #v; end
	for i = 1, #el do
		local child = el[i];
		size = size + (type(child) == "string" and #child or size_of(child));
	end
	return size;
end

-- Whether two elements are the same; the order of attributes does not count.
local function same_xml(a, b)
	if type(a) ~= "table" or type(b) ~= "table" then return a == b; end
	if a.name ~= b.name or #a ~= #b then return false; end
	for k, v in next, a.attr do
		if b.attr[k] ~= v then return false; end
	end
	for k in next, b.attr do
		if a.attr[k] == nil then return false; end
	end
	for i = 1, #a do
		if not same_xml(a[i], b[i]) then return false; end
	end
	return true;
end

-- Places -----------------------------------------------------------------

local place_store = module:open_store("masthead_places");
local guarded, guarded_count = {}, 0; -- room -> place or false; a cache

-- Before there has been any list: nobody knows what is guarded, so that
-- every room is, unless the operator said otherwise.
local unknown_place = { is_unknown = true, hats = {} };

local function words(s)
	local set = {};
	for word in (s or ""):gmatch("%S+") do set[word] = true; end
	return set;
end

-- The stored form is the attributes as they came, and the labels' terms.
local function read_places(reply)
	local list = {};
	for _, tag in ipairs(reply.tags) do
		if tag.name == "place" and tag.attr.xmlns == NS_GUARD
		and tag.attr.kind == "room" and tag.attr.name and tonumber(tag.attr.id) then
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

local function compile_places(list)
	local by_name = {};
	for _, raw in pairs(list) do
		local labels, exempt = {}, words(raw.exempt);
		for _, term in pairs(raw.labels) do labels[term] = true; end
		by_name[raw.name] = {
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
	return by_name;
end

-- Takes a list; true if it is another than before.
local function set_places(list)
	table.sort(list, function (a, b) return a.name < b.name; end);
	local text = serialization.serialize(list, { table_iterator = sorted_pairs });
	if text == places_text then return false; end
	places, places_text = compile_places(list), text;
	guarded, guarded_count = {}, 0;
	return true;
end

-- The place of a room, or nil if it is not guarded.
local function place_of(room_jid)
	local place = guarded[room_jid];
	if place == nil then
		if not places then
			place = not pass_before_attach and unknown_place;
		else
			place = places[jid_node(room_jid) or ""] or places["*"] or false;
		end
		if guarded_count >= MAX.cache then
			guarded, guarded_count = {}, 0;
		end
		guarded[room_jid], guarded_count = place, guarded_count + 1;
	end
	return place or nil;
end

-- A room affiliation, if the place wants to know of it.
local function affiliation_of(place, room, bare)
	if not place.exempt then return nil; end
	local affiliation = room:get_affiliation(bare);
	return affiliation and place.exempt[affiliation] and affiliation or nil;
end

-- Errors -----------------------------------------------------------------

-- The guard's own refusals; all others come from Masthead.
local OWN = {
	limit = {
		type = "modify", condition = "policy-violation";
		en = "This post has more reprints, labels, levels or longer attributes than this room accepts.";
		de = "Dieser Beitrag hat mehr Übernahmen, Kennzeichnungen, Ebenen oder längere Attribute, als dieser Raum annimmt.";
	};
	overload = {
		type = "wait", condition = "resource-constraint";
		en = "Too many posts are waiting for a decision. Please try again in a moment.";
		de = "Zu viele Beiträge warten auf eine Entscheidung. Bitte versuchen Sie es gleich noch einmal.";
	};
	unavailable = {
		type = "wait", condition = "resource-constraint";
		en = "Posts in this room cannot be checked at the moment. Please try again later.";
		de = "Beiträge in diesem Raum können zurzeit nicht geprüft werden. Bitte versuchen Sie es später noch einmal.";
	};
};

local function own_error(reason, lang)
	local own = OWN[reason];
	lang = lang and s_find(lang:lower(), "^de%f[^%w]") and "de" or "en";
	return st.stanza("error", { type = own.type })
		:tag(own.condition, { xmlns = NS_STANZAS }):up()
		:tag("text", { xmlns = NS_STANZAS, ["xml:lang"] = lang }):text(own[lang]):up()
		:tag("refusal", { xmlns = NS_ERROR, reason = reason }):up();
end

-- Sends a stanza back with an error element of its own; `err` may be shared.
local function bounce(origin, stanza, err)
	if stanza.attr.type == "error" or stanza.attr.type == "result" then
		return; -- RFC 6120: never answered
	end
	local reply = st.reply(stanza);
	reply.attr.type = "error";
	local copy = st.clone(err);
	copy.attr.xmlns = nil; -- Masthead's came inside its own namespace
	copy.attr.by = module.host;
	reply:add_direct_child(copy);
	origin.send(reply);
end

-- The error element of a verdict that does not pass.
local function verdict_error(verdict, stanza)
	return verdict.error
		or own_error(verdict.own or "unavailable", stanza.attr["xml:lang"]);
end

-- Lanes ------------------------------------------------------------------
-- A lane is an array of items between `first` and `last`.  An item:
--   stanza, origin, from, room   what is held, in our own copy
--   kind          publication or "join"; nil: needs no check
--   inside        it was held inside the room, past the host's hooks
--   waiting       a verdict is to come
--   verdict       has come
--   released      is on its way out right now

local drain;

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

-- Whether a publication may not wait any more.
local function is_overloaded(item)
	local sender = senders[item.from];
	if sender and (sender.posts >= MAX.full_posts
		or sender.bytes + item.size > MAX.full_bytes) then
		return true;
	end
	return all_posts >= MAX.all_posts
		or (bare_posts[item.bare] or 0) >= MAX.bare_posts
		or item.domain and (domain_posts[item.domain] or 0) >= MAX.domain_posts;
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
local function enqueue(item)
	local sender = senders[item.from];
	if not sender then
		sender = { lanes = {}, posts = 0, bytes = 0 };
		senders[item.from] = sender;
	end
	local lane = sender.lanes[item.room];
	if not lane then
		lane = { from = item.from, room = item.room, first = 1, last = 0, presences = 0 };
		sender.lanes[item.room] = lane;
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

local function new_item(origin, stanza, room_jid, bare)
	local is_ours = stanza.name == "message" and OWNED[origin.type];
	bare = bare or jid_bare(stanza.attr.from);
	local domain = jid_host(bare);
	return {
		stanza = is_ours and stanza or st.clone(stanza);
		origin = origin, size = size_of(stanza);
		from = stanza.attr.from, bare = bare, room = room_jid;
		domain = not hosts[domain] and domain or nil; -- of remote senders
	};
end

-- Lets a stanza go on: inside the room if it was held there, so that the
-- host's hooks do not see it twice.
local function dispatch(item, origin)
	local stanza = item.stanza;
	local room = item.inside and muc.get_room_from_jid(item.room);
	if not room or room._data.destroyed then
		return module:send(stanza, origin);
	elseif stanza.name == "message" then
		return room:handle_groupchat_to_room(origin, stanza);
	elseif item.is_new_room and not room:has_occupant() then
		return room:handle_first_presence(origin, stanza);
	end
	return room:handle_presence_to_occupant(origin, stanza);
end

-- Errors of other modules' hooks must not stop what waits behind.
local function traceback(err)
	module:log("error", "Traceback: %s", debug.traceback(tostring(err), 2));
end

-- A subject change reaches readers in a stanza that the room makes anew:
-- what it should carry waits here for that broadcast (see hooks).
local subject_extras;

-- Ends an item: delivered or bounced, unless it turns out on the way that
-- it needs a check (then `released` is false again).
local function let_go(item)
	local stanza, verdict = item.stanza, item.verdict;
	local origin = living(item.origin, item.from);
	if verdict and verdict.action ~= "pass" then
		local place = place_of(item.room);
		local may_pass = verdict.action == "unavailable"
			and (item.kind == "join" or place and place.pass_unavailable);
		if not may_pass then
			return bounce(origin, stanza, verdict_error(verdict, stanza));
		end
	end
	subject_extras = item.kind == "subject" and verdict and verdict.extras or nil;
	passing[stanza] = item;
	dispatch(item, origin);
end

local function release(item)
	item.released = true;
	xpcall(let_go, traceback, item);
	passing[item.stanza] = nil;
	subject_extras = nil;
end

local classify_ahead, check_again, is_void; -- see asking

-- Releases what is ready at the head of a lane, in order.
function drain(lane)
	if lane.draining then return; end -- the loop below goes on
	lane.draining = true;
	while lane.first <= lane.last do
		local item = lane[lane.first];
		if item.waiting then break; end
		if item.verdict and is_void(item.verdict, item.bare) then
			check_again(item); -- recalled while it stood in line
		else
			release(item);
			if item.released then
				dequeue(lane);
				if item.stanza.name == "presence" then xpcall(classify_ahead, traceback, lane); end
			end
		end
	end
	lane.draining = false;
	if lane.first > lane.last then
		local sender = senders[lane.from];
		sender.lanes[lane.room] = nil;
		if next(sender.lanes) == nil then senders[lane.from] = nil; end
	end
end

-- Asking -----------------------------------------------------------------

local settle_occupant; -- see hats

-- Something that an operator should hear of, but not for each post.
local function complain(...)
	local t = now();
	if t - last_complaint < SECONDS.complain then return; end
	last_complaint = t;
	module:log("warn", ...);
end

function is_void(verdict, bare)
	if verdict.local_rule or verdict.action == "unavailable" then return false; end
	if verdict.epoch ~= link.epoch or verdict.serial < link.floor_serial then return true; end
	local recall = recalled[bare];
	return recall ~= nil and verdict.serial < recall.serial;
end

-- An item has its answer.
local function finish(item, verdict)
	item.waiting, item.iq = nil, nil;
	item.verdict = verdict;
	if item.kind == "join" then xpcall(settle_occupant, traceback, item, verdict); end
	if item.lane then drain(item.lane); end
end

local flush;
local function schedule_flush()
	if not flush_due then
		flush_due = true;
		module:add_timer(0, flush);
	end
end

-- Asks about an item, or ends it at once if there is nobody to ask.
local function ask(item)
	item.verdict = nil;
	if not session or stopping or link.is_refused then
		return finish(item, UNAVAILABLE);
	end
	item.waiting = true;
	item.deadline = item.deadline or now() + timeout_s;
	item.tries = (item.tries or 0) + 1;
	outbox[#outbox + 1] = item;
	-- One whose verdicts are void again and again waits for the tick.
	if item.tries <= MAX.eager then schedule_flush(); end
end

function check_again(item)
	if item.deadline and now() >= item.deadline then
		return finish(item, UNAVAILABLE);
	end
	ask(item);
end

local NOTHING = {};
local n_text = {};
for n = 1, MAX.items do n_text[n] = ("%d"):format(n); end

-- An element without st.stanza's checks of every string: ours come from
-- stanzas that were parsed, and this is done for each check.
local function element(name, attr)
	return setmetatable({ name = name, attr = attr, tags = {} }, st.stanza_mt);
end

-- The <item/> of a check, and about how many bytes its strings have.
local function item_xml(item, n, place)
	local attr = {
		n = n_text[n], kind = item.kind, place = place.id;
		room = jid_node(item.room), actor = item.bare;
		nick = item.nick, occupant = item.occupant, lang = item.lang;
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

local function new_check()
	local iq = st.iq({ type = "set", id = next_id(), from = module.host, to = component })
		:tag("check", { xmlns = NS_GUARD });
	return { iq = iq, items = {}, bytes = 0 };
end

local function send_check(check)
	local id = check.iq.attr.id;
	for i = 1, #check.items do check.items[i].iq = id; end
	pending[id] = check.items;
	module:send(check.iq);
end

-- At the end of the turn: all that is to be asked, in few IQs.
function flush()
	flush_due = false;
	if not link.attached then return; end -- the answer to attach comes back here
	local queue = outbox;
	outbox = {};
	local check = new_check();
	for i = 1, #queue do
		local item = queue[i];
		local place = place_of(item.room);
		if not item.waiting or item.iq then -- luacheck: ignore 542
			-- ended meanwhile
		elseif not place then
			finish(item, UNGUARDED);
		elseif not link.attached then
			outbox[#outbox + 1] = item;
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

-- Leases.  One for each of bare JID, room and kind; the rest must match.

local function prune_leases()
	local t = now();
	lease_count = 0;
	for bare, rooms in pairs(leases) do
		for room_jid, kinds in pairs(rooms) do
			for kind, lease in pairs(kinds) do
				if t >= lease.expires_at then
					kinds[kind] = nil;
				else
					lease_count = lease_count + 1;
				end
			end
			if next(kinds) == nil then rooms[room_jid] = nil; end
		end
		if next(rooms) == nil then leases[bare] = nil; end
	end
end

local function store_lease(item, verdict, seconds)
	if lease_count >= MAX.leases then prune_leases(); end
	if lease_count >= MAX.leases then leases, lease_count = {}, 0; end
	local rooms = leases[item.bare] or {};
	leases[item.bare] = rooms;
	local kinds = rooms[item.room] or {};
	rooms[item.room] = kinds;
	if not kinds[item.kind] then lease_count = lease_count + 1; end
	kinds[item.kind] = {
		verdict = verdict, expires_at = now() + seconds;
		place = place_of(item.room), affiliation = item.affiliation;
		nick = not has_occupant_id and item.nick or nil;
		occupant = item.occupant, salt = item.salt;
		lang = verdict.action == "refuse" and (item.lang or "") or nil;
	};
end

-- An occupant-id is a hash over the bare JID and the room's salt; making
-- one costs as much as all else that a leased post costs here.  `known` (a
-- lease, an item) is of the same bare JID: the room finds its id as if it
-- had made it itself.
local function remember_id(known, room, occupant)
	if known.salt and known.salt == room:get_salt() then
		occupant.stable_id = occupant.stable_id or known.occupant;
	end
end

-- The leased verdict for an ordinary publication, or nil.
local function find_lease(place, room, kind, occupant, lang)
	local bare = occupant.bare_jid;
	local rooms = leases[bare];
	local kinds = rooms and rooms[room.jid];
	local lease = kinds and kinds[kind];
	if not lease or lease.place ~= place
	or has_occupant_id and lease.salt ~= room:get_salt()
	or lease.nick and lease.nick ~= jid_resource(occupant.nick)
	or lease.lang and lease.lang ~= (lang or "")
	or time.monotonic() >= lease.expires_at then
		return nil;
	end
	if lease.affiliation ~= affiliation_of(place, room, bare) then return nil; end
	remember_id(lease, room, occupant);
	return lease.verdict;
end

-- Verdicts.

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

local function read_verdict(tag, item, place, v_epoch, v_serial)
	local verdict = { action = tag.attr.action, epoch = v_epoch, serial = v_serial };
	if verdict.action == "refuse" then
		verdict.error = tag:get_child("error")
			or st.stanza("error", { type = "auth" }):tag("forbidden", { xmlns = NS_STANZAS }):up();
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
			if extra.attr.xmlns ~= NS_GUARD then
				verdict.extras = verdict.extras or {};
				verdict.extras[#verdict.extras + 1] = extra;
			end
		end
	end
	return verdict;
end

local attach_soon; -- see attachment

local function on_verdict(tag, item, v_epoch, v_serial)
	local place = place_of(item.room);
	if not place then return finish(item, UNGUARDED); end
	local verdict = read_verdict(tag, item, place, v_epoch, v_serial);
	if is_void(verdict, item.bare) then
		item.iq = nil;
		return check_again(item);
	end
	local lease_s = tonumber(tag.attr.lease) or 0;
	if lease_s > 0 and item.is_ordinary and verdict.action ~= "unavailable" then
		store_lease(item, verdict, lease_s);
	end
	finish(item, verdict);
end

local function on_verdicts(id, items, verdicts)
	local v_epoch = verdicts.attr.epoch;
	local v_serial = tonumber(verdicts.attr.serial) or -1;
	link.responsive = true;
	if v_epoch ~= link.epoch and link.attached then attach_soon(); end -- it has restarted
	for i = 1, #verdicts.tags do
		local tag = verdicts.tags[i];
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
		local place = place_of(item.room);
		if item.iq ~= id then -- luacheck: ignore 542
		elseif #items == 1 or not place then
			finish(item, place and UNAVAILABLE or UNGUARDED);
		else
			local check = new_check();
			check.items[1] = item;
			check.iq:add_child((item_xml(item, 1, place)));
			send_check(check);
		end
	end
end

-- Everything that was asked is answered with "unavailable".
local function give_up_all()
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

local function expire_checks(t)
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

-- Publications.

local function describe(item, kind, place, room, occupant)
	item.kind = kind;
	item.bare = occupant.bare_jid;
	item.nick = jid_resource(occupant.nick);
	if has_occupant_id then
		item.occupant, item.salt = room:get_occupant_id(occupant), room:get_salt();
	end
	local lang = item.stanza.attr["xml:lang"];
	item.lang = lang and #lang <= MAX.attr and lang or nil;
	item.affiliation = affiliation_of(place, room, item.bare);
end

-- After a presence (an arrival, a change of nickname) has left the lane:
-- asks about the posts behind it at once, rather than one by one at the
-- head.  Up to the next presence, which may change everything again.
function classify_ahead(lane)
	local room, occupant, place;
	for i = lane.first, lane.last do
		local item = lane[i];
		if item.stanza.name == "presence" then return; end
		if item.is_unread and not item.inside then
			if not room then
				place, room = place_of(lane.room), muc.get_room_from_jid(lane.room);
				occupant = room and room:get_occupant_by_real_jid(lane.from);
				if not place or not occupant or occupant.role == "visitor" then
					return; -- the room has its own answer
				end
			end
			local kind = classify(item.stanza, place, occupant.bare_jid, occupant.nick);
			if kind and not (found.over_limit and not place.is_observed) then
				item.is_unread = nil;
				if found.to_strip then strip(item.stanza, top_groupchat, 1); end
				describe(item, kind, place, room, occupant);
				keep_found(item);
				ask(item);
			end
		end
	end
end

-- Hats -------------------------------------------------------------------
-- records[room][nick's JID] = {
--   bare                 whose it is
--   hats, expires_at     what this occupant wears; until when
--   next_ask             when to ask about it (again); nil: not
--   is_asking            asked, without answer so far
--   is_recalled          what it wears is void unless the answer says so
-- }
-- One for each occupant that was asked about, with a hat or without.

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
		room:publicise_occupant_status(occupant, st.stanza("x", { xmlns = NS_MUC_USER }));
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
function settle_occupant(item, verdict)
	local nicks = records[item.room];
	local record = nicks and nicks[item.nick_jid];
	if item.is_background then
		link.asks_in_flight = link.asks_in_flight - 1;
		if record then record.is_asking = nil; end
	end
	local room = muc.get_room_from_jid(item.room);
	local occupant = room and room:get_occupant_by_nick(item.nick_jid);
	local is_theirs = occupant and occupant.bare_jid == item.bare;
	if occupant and not is_theirs then
		return; -- somebody else has the nickname; the room will say so
	elseif not occupant and item.is_background then
		return forget(item.room, item.nick_jid);
	end

	if verdict.action == "refuse" then
		if item.is_background then
			local reason = verdict.error and verdict.error:get_child_text("text", NS_STANZAS);
			room:set_role(true, item.nick_jid, nil, reason);
		end
		return;
	end
	record = record_of(item.room, item.nick_jid, item.bare);
	if verdict.action == "unavailable" then
		record.next_ask = now() + SECONDS.ask_again;
		if record.is_recalled and record.hats then
			take_off(record, item.room, item.nick_jid);
		end
	elseif wear(record, verdict) and is_theirs then
		show(item.room, item.nick_jid);
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
	local item = { is_background = true, room = room_jid, nick_jid = nick_jid };
	item.stanza = occupant:get_presence() or st.presence();
	describe(item, "join", place, room, occupant);
	item.stanza = nil;
	ask(item);
end

-- Renews, expires, and asks about whoever was not asked about.
local function attend_records(t)
	local expired, due = {}, {};
	local may_ask = link.attached and not stopping and MAX.asks - link.asks_in_flight or 0;
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
local function ask_about_all(everybody)
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
local function prune_records()
	for room_jid, room in pairs(live_rooms()) do
		for nick_jid in pairs(records[room_jid] or {}) do
			if not room._occupants[nick_jid] then
				forget(room_jid, nick_jid);
			end
		end
	end
end

-- Attachment -------------------------------------------------------------

-- Nothing that was decided before counts any more.
local function void_all(serial)
	leases, lease_count = {}, 0;
	recalled, recalled_count = {}, 0;
	link.floor_serial = serial;
end

local function attach()
	if not session or stopping then return; end
	link.attached = false;
	link.attach_id = next_id();
	link.attach_sent, link.attach_at = now(), nil;
	module:send(st.iq({ type = "get", id = link.attach_id, from = module.host, to = component })
		:tag("attach", { xmlns = NS_GUARD, server = "Prosody "..prosody.version }));
end

-- Not more than once a second, however often the component contradicts itself.
function attach_soon()
	if not link.attach_sent or now() - link.attach_sent >= 1 then return attach(); end
	link.attached, link.attach_at = false, link.attach_sent + 1;
end

local function on_attach_failed(why)
	link.attach_id, link.is_refused = nil, true;
	link.attach_at = now() + link.attach_delay;
	link.attach_delay = math.min(link.attach_delay * 2, SECONDS.attach_again_max);
	complain("%s did not let us attach (%s): is this host listed under `guards:` there?", component, why);
	module:set_status("warn", "Not attached: "..why);
	give_up_all();
end

local function on_attached(reply)
	local new_epoch, new_serial = reply.attr.epoch, tonumber(reply.attr.serial);
	if not new_epoch or not new_serial then return on_attach_failed("malformed answer"); end
	link.attach_id, link.attach_at, link.attach_delay = nil, nil, SECONDS.attach_again;
	link.is_refused = false;
	link.responsive = true;
	local list = read_places(reply);
	local is_news = new_epoch ~= link.epoch or new_serial ~= link.known_serial;
	if is_news then void_all(new_serial); end
	link.epoch, link.known_serial = new_epoch, new_serial;
	if set_places(list) then
		is_news = true;
		local ok, err = place_store:set(nil, { list = list });
		if not ok then
			module:log("error", "The place list cannot be stored: after a restart, nothing is known until %s is there: %s",
				component, err);
		end
	end
	link.attached = true;
	module:log("info", "Attached to %s: %d places", component, #list);
	module:set_status("info", ("Attached, %d places"):format(#list));
	flush();
	ask_about_all(is_news);
end

local function on_recall(recall)
	local serial = tonumber(recall.attr.serial);
	if not serial then return false; end
	local actor = recall.attr.actor;
	link.responsive = true;
	if not actor or recall.attr.epoch ~= link.epoch then
		void_all(serial);
		link.known_serial = nil;
		attach();
		return true;
	end
	actor = jid_bare(actor);
	local before = recalled[actor];
	if not before then recalled_count = recalled_count + 1; end
	recalled[actor] = { serial = math.max(serial, before and before.serial or 0), at = now() };
	if recalled_count > MAX.recalls then void_all(serial); end
	if link.known_serial and serial > link.known_serial then link.known_serial = serial; end
	leases[actor] = nil;
	local t = now();
	for _, nicks in pairs(records) do
		for _, record in pairs(nicks) do
			if record.bare == actor then
				record.next_ask, record.is_recalled = t, true;
			end
		end
	end
	attend_records(t);
	return true;
end

local function prune_recalls(t)
	for actor, recall in pairs(recalled) do
		if t - recall.at > SECONDS.recall_kept then
			recalled[actor] = nil;
			recalled_count = recalled_count - 1;
		end
	end
end

local function on_guard_request(stanza, payload)
	local kind = payload.name;
	if kind == "recall" and stanza.attr.type == "set" then
		if not on_recall(payload) then
			module:send(st.error_reply(stanza, "modify", "bad-request"));
			return;
		end
		module:send(st.reply(stanza));
	elseif kind == "probe" and stanza.attr.type == "get" then
		module:send(st.reply(stanza));
		link.responsive = true;
		if not link.attach_id and not (link.attached and payload.attr.epoch == link.epoch) then attach(); end
	else
		module:send(st.error_reply(stanza, "cancel", "service-unavailable"));
	end
end

-- IQs to the bare host.  Only those from the component's own domain, over
-- the component's own stream, are ours.
local function on_host_iq(event)
	local stanza = event.stanza;
	local attr = stanza.attr;
	if attr.from ~= component or not session or event.origin ~= session then return; end
	if attr.type == "get" or attr.type == "set" then
		local payload = stanza.tags[1];
		if not payload or payload.attr.xmlns ~= NS_GUARD then return; end
		on_guard_request(stanza, payload);
		return true;
	end
	local id = attr.id;
	if id ~= nil and id == link.attach_id then
		local reply = attr.type == "result" and stanza:get_child("attach", NS_GUARD);
		if reply then
			on_attached(reply);
		else
			local _, condition = stanza:get_error();
			on_attach_failed(condition or "no list");
		end
		return true;
	end
	local items = id and pending[id];
	if not items then return; end -- too late, or not ours
	pending[id] = nil;
	local verdicts = attr.type == "result" and stanza:get_child("verdicts", NS_GUARD);
	if verdicts then
		on_verdicts(id, items, verdicts);
	else
		on_check_error(id, items);
	end
	return true;
end

local function on_connected(new_session)
	session = new_session;
	link.is_refused = false;
	link.attach_delay = SECONDS.attach_again;
	attach();
end

local function on_lost()
	session, link.attached, link.attach_id, link.attach_at = nil, false, nil, nil;
	module:log("warn", "%s is gone: posts that no lease covers bounce until it is back", component);
	module:set_status("warn", "Not connected");
	give_up_all();
end

-- The component's stream, if it is connected right now (mod_component).
local function connected_session()
	local host = hosts[component];
	local mod = host and host.modules.component;
	return mod and mod.session or nil;
end

local watched; -- whose events we have hooked
local function watch_component()
	local host = component and hosts[component];
	if not host or host == watched then return; end
	watched = host;
	module:hook_object_event(host.events, "component-authenticated", function (event)
		on_connected(event.session);
	end);
	module:hook_object_event(host.events, "component-disconnected", function (event)
		-- Also fired for streams that never authenticated.
		if event.session == session and session then on_lost(); end
	end);
	local current = connected_session();
	if current and current ~= session then on_connected(current); end
end

-- Hooks ------------------------------------------------------------------

-- Puts a stanza that needs no check, or cannot be read yet, behind what
-- waits in its lane.
local function hold_plain(event, room_jid)
	local item = new_item(event.origin, event.stanza, room_jid);
	enqueue(item);
	return item;
end

-- Presence, private messages, invitations, IQs; before anything else sees
-- them.
local function barrier(event)
	local stanza = event.stanza;
	local attr = stanza.attr;
	if passing[stanza] or not attr.to then return; end
	local room_jid = jid_bare(attr.to);
	if stanza.name ~= "iq" and place_of(room_jid) and is_dirty(stanza, top_other, 1) then
		stanza = st.clone(stanza);
		strip(stanza, top_other, 1);
		event.stanza = stanza;
	end
	local sender = senders[attr.from];
	if not sender or not sender.lanes[room_jid] then return; end
	hold_plain(event, room_jid);
	return true;
end

local function message_barrier(event)
	local stanza = event.stanza;
	local attr = stanza.attr;
	if attr.type ~= "groupchat" then return barrier(event); end
	local sender = senders[attr.from];
	if not sender or passing[stanza] then return; end
	local lane = sender.lanes[attr.to];
	if not lane or lane.presences == 0 then return; end -- on to on_groupchat
	-- The sender's own arrival, or a change of nickname, waits ahead: what
	-- this message will be, only the room can say then.
	local place, bare = place_of(attr.to), jid_bare(attr.from);
	local kind = place and classify(stanza, place, bare, nil);
	local item = new_item(event.origin, stanza, attr.to, bare);
	if kind and is_overloaded(item) then
		bounce(event.origin, stanza, own_error("overload", attr["xml:lang"]));
		return true;
	end
	item.kind, item.is_unread = kind, true;
	enqueue(item);
	return true;
end

local function add_extras(stanza, verdict)
	local extras = verdict.extras;
	if not extras then return; end
	-- By reference: the room's broadcast, its history and its archive change
	-- the message, never what is in it.
	for i = 1, #extras do stanza:add_direct_child(extras[i]); end
end

-- Groupchat messages, after the room has checked voice (50), before it
-- changes subjects (20).
local function on_groupchat(event)
	local stanza, room = event.stanza, event.room;
	local item = passing[stanza];
	if item and not item.is_unread then -- decided; or no publication
		if item.kind and event.occupant.bare_jid == item.bare then
			remember_id(item, room, event.occupant);
		end
		if item.verdict and item.kind ~= "subject" then add_extras(stanza, item.verdict); end
		return;
	end
	local room_jid = room.jid;
	local place = place_of(room_jid);
	if not place then return; end
	local occupant = event.occupant;
	local attr = stanza.attr;
	local bare, nick_jid = occupant.bare_jid, occupant.nick;
	local kind = classify(stanza, place, bare, nick_jid);
	if found.to_strip then strip(stanza, top_groupchat, 1); end

	local sender = senders[attr.from];
	local lane = not item and sender and sender.lanes[room_jid];
	if not kind then
		if found.has_spare_words then drop_spare_words(stanza); end
		if not lane then return; end
		hold_plain(event, room_jid).inside = true;
		return true;
	end

	local verdict;
	if found.over_limit and not place.is_observed then
		verdict = LIMIT;
	elseif is_ordinary() then
		verdict = find_lease(place, room, kind, occupant, attr["xml:lang"]);
	end
	if verdict and not lane then
		if verdict.action ~= "pass" then
			bounce(event.origin, stanza, verdict_error(verdict, stanza));
			return true;
		elseif kind ~= "subject" then
			add_extras(stanza, verdict);
			return;
		end
		-- A leased subject change goes the way of a held one.
	end

	if item then -- held before it could be read; it is at the head
		item.is_unread, item.released, item.inside = nil, false, true;
	else
		item = new_item(event.origin, stanza, room_jid, bare);
		item.inside = true;
		if is_overloaded(item) then
			bounce(event.origin, stanza, own_error("overload", attr["xml:lang"]));
			return true;
		end
	end
	describe(item, kind, place, room, occupant);
	keep_found(item);
	if not item.lane then enqueue(item); end
	if verdict then
		item.verdict = verdict;
		drain(item.lane);
	else
		ask(item);
	end
	return true;
end

-- Somebody is about to enter or to change the nickname; after all of the
-- room's own objections, so that only who would get in is asked about.
local function on_enter(event, occupant)
	local stanza, room = event.stanza, event.room;
	local item = passing[stanza];
	if item and item.kind == "join" then return; end -- decided
	local room_jid, nick_jid = room.jid, occupant.nick;
	local place = place_of(room_jid);
	if not place or place.is_unknown then return; end
	local bare = jid_bare(stanza.attr.from);
	local present = room:get_occupant_by_nick(nick_jid);
	local nicks = records[room_jid];
	local record = nicks and nicks[nick_jid];
	if present and (present.bare_jid ~= bare or record and not record.is_recalled) then
		return; -- taken, as the room will say; or another session of the same
	end
	if not link.attached or not link.responsive or stopping or all_posts >= MAX.all_posts then
		-- Readers do not wait for us: their hat comes later.
		record_of(room_jid, nick_jid, bare).next_ask = now() + SECONDS.tick_idle;
		return;
	end
	if item then
		item.released, item.inside = false, true;
	else
		item = new_item(event.origin, stanza, room_jid, bare);
		item.inside = true;
	end
	item.nick_jid, item.is_new_room = nick_jid, event.is_new_room;
	describe(item, "join", place, room, { bare_jid = bare, nick = nick_jid });
	if not item.lane then enqueue(item); end
	ask(item);
	return true;
end

-- Puts the hats where the server may have put some of its own.
local function on_build_presence(event)
	local occupant, stanza = event.occupant, event.stanza;
	local nicks = records[event.room.jid];
	local record = nicks and occupant and nicks[occupant.nick];
	if not record or not record.hats or record.bare ~= occupant.bare_jid
	or stanza.attr.type ~= nil
	or record.expires_at and now() >= record.expires_at then
		return;
	end
	for i = 1, #record.hats do
		local hats = record.hats[i];
		local ours = stanza:get_child("hats", hats.attr.xmlns);
		if not ours then
			stanza:add_direct_child(hats);
		else
			local merged = st.clone(ours); -- it may be shared
			for j = 1, #hats do merged:add_direct_child(hats[j]); end
			stanza:maptags(function (tag)
				return tag == ours and merged or tag;
			end);
		end
	end
end

for _, event_name in pairs({ "presence/full", "presence/bare", "message/full", "iq/full", "iq/bare" }) do
	module:hook(event_name, barrier, 1000);
end
module:hook("message/bare", message_barrier, 1000);
module:hook("iq/host", on_host_iq, 1000);
module:hook("muc-occupant-groupchat", on_groupchat, 40);

module:hook("muc-occupant-pre-join", function (event)
	return on_enter(event, event.occupant);
end, -100);

module:hook("muc-occupant-pre-change", function (event)
	if event.orig_occupant.nick ~= event.dest_occupant.nick then
		return on_enter(event, event.dest_occupant);
	end
end, -100);

-- A forged hat may be older than the guard: stored with a room, or sent
-- before the place was guarded.  The stanza is a copy by now.
module:hook("muc-build-occupant-presence", function (event)
	if place_of(event.room.jid) and is_dirty(event.stanza, nil, 1) then
		strip(event.stanza, nil, 1);
	end
end, 1000);
module:hook("muc-build-occupant-presence", on_build_presence, -1000);

-- Invitations and refusals of them go out in the room's own name, with
-- whatever body their sender gave them.  The room writes one that says who it
-- was (muc.lib), unless there is one already.
local function sign_invitation(event)
	if not place_of(event.room.jid) then return; end
	remove_tags(event.stanza, function (_, ns)
		return ns == event.stanza.attr.xmlns or ns == NS_XHTML_IM;
	end);
end
module:hook("muc-invite", sign_invitation, 1000);
module:hook("muc-decline", sign_invitation, 1000);

module:hook("muc-broadcast-message", function (event)
	if not subject_extras then return; end
	add_extras(event.stanza, { extras = subject_extras });
	subject_extras = nil;
end, 1000);

module:hook("muc-occupant-left", function (event)
	forget(event.room.jid, event.nick);
end);

-- Of two who wanted the nickname at the same time, the record may be that of
-- the one who did not get it.
module:hook("muc-occupant-joined", function (event)
	local nicks = records[event.room.jid];
	local record = nicks and nicks[event.nick];
	local bare = event.occupant.bare_jid;
	if record and record.bare ~= bare then
		record_of(event.room.jid, event.nick, bare).next_ask = now();
	end
end);

module:hook("muc-room-destroyed", function (event)
	records[event.room.jid] = nil;
end, 1000);

-- A room that comes back from disk brings its occupants along.
module:hook("muc-room-restored", function (event)
	local room = event.room;
	if not link.attached or not place_of(room.jid) then return; end
	for nick_jid, occupant in room:each_occupant() do
		local record = record_of(room.jid, nick_jid, occupant.bare_jid);
		if not record.hats and not record.is_asking then record.next_ask = now(); end
	end
end);

module:hook("muc-disco#info", function (event)
	local place = place_of(event.room.jid);
	if not place then return; end
	for ns in pairs(place.hats) do
		event.reply:tag("feature", { var = ns }):up();
	end
end);

-- Life -------------------------------------------------------------------

local next_prune = 0;
local function look_after(t)
	if link.attach_id and t >= link.attach_sent + timeout_s then on_attach_failed("no answer"); end
	if link.attach_at and t >= link.attach_at then attach(); end
	expire_checks(t);
	attend_records(t);
	if #outbox > 0 then flush(); end
	if t >= next_prune or next_prune > t + SECONDS.prune then
		next_prune = t + SECONDS.prune;
		prune_leases();
		prune_recalls(t);
		prune_records();
	end
end

local function tick()
	xpcall(look_after, traceback, now()); -- whatever happens, tick on
	return (next(pending) or outbox[1]) and SECONDS.tick_busy or SECONDS.tick_idle;
end

-- Before the sessions of clients are closed (mod_smacks at -90, mod_c2s at
-- -100): what waits is bounced while its sender can still hear it.
module:hook_global("server-stopping", function ()
	stopping = true;
	give_up_all();
end, 100);

module:hook_global("host-activated", function (host)
	if host == component then watch_component(); end
end);

-- Its stream stays open, but nothing reaches it any more: what we sent it now
-- would go looking for another server of that name.
module:hook_global("host-deactivated", function (host)
	if host ~= component then return; end
	watched = nil;
	if session then on_lost(); end
end);

local STATE_VERSION = 1;

function module.save()
	return {
		version = STATE_VERSION, senders = senders;
		bare_posts = bare_posts, domain_posts = domain_posts, all_posts = all_posts;
		leases = leases, lease_count = lease_count, records = records;
		pending = pending, outbox = outbox;
		recalled = recalled, recalled_count = recalled_count;
		places = places, places_text = places_text;
		guarded = guarded, guarded_count = guarded_count;
		session = session, link = link;
	};
end

-- What another version of this file left behind, is let go as it came.
local function adopt_foreign(saved)
	for _, sender in pairs(saved.senders or {}) do
		for _, lane in pairs(sender.lanes) do
			for i = lane.first, lane.last do
				module:send(lane[i].stanza, living(lane[i].origin, lane[i].stanza.attr.from));
			end
		end
	end
end

local function adopt(saved)
	senders = saved.senders;
	bare_posts, domain_posts, all_posts = saved.bare_posts, saved.domain_posts, saved.all_posts;
	leases, lease_count, records = saved.leases, saved.lease_count, saved.records;
	pending, outbox = saved.pending, saved.outbox;
	recalled, recalled_count = saved.recalled, saved.recalled_count;
	places, places_text = saved.places, saved.places_text;
	guarded, guarded_count = saved.guarded, saved.guarded_count;
	session, link = saved.session, saved.link;
	if session and session ~= connected_session() then on_lost(); end
	if #outbox > 0 then schedule_flush(); end
end

function module.unload()
	if module.reloading then return; end
	stopping = true;
	give_up_all();
	-- Without us nobody strips forged hats: genuine ones go, too.
	local worn = records;
	records = {};
	for room_jid, nicks in pairs(worn) do
		for nick_jid, record in pairs(nicks) do
			if record.hats then show(room_jid, nick_jid); end
		end
	end
	if session then
		module:send(st.iq({ type = "set", id = next_id(), from = module.host, to = component })
			:tag("detach", { xmlns = NS_GUARD }));
	end
end

local function load_places()
	local stored, err = place_store:get(nil);
	if stored then
		-- What is damaged but parses is no reason not to start: it is unknown.
		local ok, why = pcall(function () set_places(stored.list); end);
		err = not ok and why;
	end
	if err then
		-- There was a list, so some room is guarded: that is not "never".
		pass_before_attach = false;
		module:log("error", "The stored place list cannot be read: %s", err);
	elseif not places and not pass_before_attach then
		module:log("info", "No place list so far: until %s is there, posts in all rooms bounce", component);
	end
end

if not component then
	module:log("error", "Set masthead_component to Masthead's domain; until then, posts in all rooms bounce");
end
local saved = module.saved_state;
if saved and saved.version == STATE_VERSION then
	adopt(saved);
else
	load_places();
	if saved then adopt_foreign(saved); end
end
watch_component();
module:add_timer(SECONDS.tick_busy, tick);
