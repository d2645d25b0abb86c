-- What a groupchat message is, and what a check says of it.

local jid = require "util.jid";

local guard = module.guard;
local NS, MAX, names = guard.common.NS, guard.common.MAX, guard.common.names;
local structure = guard.structure;
local reserved, found = structure.reserved, structure.found;
local INSPECT, ENCRYPTED = structure.INSPECT, structure.ENCRYPTED;
local begin, look_below = structure.begin, structure.look_below;

-- mod_muc's own switch (XEP-0421); without occupant-ids, nicks stand in.
local has_occupant_id = module:get_option_boolean("muc_occupant_id", true);

local next, type = next, type;
local s_find = string.find;
local jid_resource, jid_node = jid.resource, jid.node;
local NS_REACTIONS, NS_CORRECT = NS.reactions, NS.correct;
local NS_FASTEN, NS_FALLBACK = NS.fasten, NS.fallback;

local M = { has_occupant_id = has_occupant_id };

-- Namespaces that a client may not use in the stanza's own children.
local top_groupchat = { [NS.muc_user] = true };
local top_other = {};
if not has_occupant_id then -- otherwise the room replaces it itself
	top_groupchat[NS.occupant_id] = true;
	top_other[NS.occupant_id] = true;
end
M.top_groupchat, M.top_other = top_groupchat, top_other;

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

function M.drop_spare_words(stanza)
	structure.remove_tags(stanza, function (tag, ns)
		return ns == NS_FALLBACK or ns == stanza.attr.xmlns and tag.name == "body";
	end);
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
function M.classify(stanza, place, bare, nick_jid)
	begin(bare, nick_jid, place.labels);

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

-- A room affiliation, if the place wants to know of it.
function M.affiliation_of(place, room, bare)
	if not place.exempt then return nil; end
	local affiliation = room:get_affiliation(bare);
	return affiliation and place.exempt[affiliation] and affiliation or nil;
end

-- What a check says of a publication or a join.
function M.describe(item, kind, place, room, occupant)
	item.kind, item.place = kind, place;
	item.room, item.bare = jid_node(item.dest), occupant.bare_jid;
	item.nick = jid_resource(occupant.nick);
	item.lease_nick = not has_occupant_id and item.nick or nil;
	if has_occupant_id then
		item.occupant, item.salt = room:get_occupant_id(occupant), room:get_salt();
	end
	local lang = item.stanza.attr["xml:lang"];
	item.lang = lang and #lang <= MAX.attr and lang or nil;
	item.affiliation = M.affiliation_of(place, room, item.bare);
end

return M;
