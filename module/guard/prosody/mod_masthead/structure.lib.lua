-- What a post is built of, and taking out what is forged.  By structure
-- alone; nothing here reads a text.

local jid = require "util.jid";

local common = module.guard.common;
local NS, MAX = common.NS, common.MAX;

local next, pairs, type, tonumber = next, pairs, type, tonumber;
local setmetatable = setmetatable;
local s_find, s_match, s_sub = string.find, string.match, string.sub;
local jid_bare, jid_prep = jid.bare, jid.prep;

local M = {};

-- Whether a namespace, or a prefixed attribute ("namespace\1name"), is one
-- that only servers and Masthead may use in guarded places.  The answers are
-- kept; the keys come from clients, hence the bound.
local reserved_count = 0;
local reserved = setmetatable({}, { __index = function (t, s)
	local is = s_sub(s, 1, 13) == "urn:masthead:"
		or s == NS.hats or s == NS.hats_old
		or s_sub(s, 1, #NS.hats + 1) == NS.hats.."\1"
		or s_sub(s, 1, #NS.hats_old + 1) == NS.hats_old.."\1";
	if #s > MAX.cached_name then return is; end
	reserved_count = reserved_count + 1;
	if reserved_count > MAX.cache then
		for k in pairs(t) do t[k] = nil; end
		reserved_count = 1;
	end
	t[s] = is;
	return is;
end });

M.reserved = reserved;

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
M.is_dirty, M.strip = is_dirty, strip;

-- Takes out the child elements that `is_unwanted`; in one pass as well.
function M.remove_tags(stanza, is_unwanted)
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

-- Of posts whose structure does not show (`encrypted:` of a place).
M.ENCRYPTED = {
	["eu.siacs.conversations.axolotl"] = true; -- XEP-0384 before 0.4
	["urn:xmpp:omemo:1"] = true;
	["urn:xmpp:omemo:2"] = true; -- XEP-0384
	["urn:xmpp:openpgp:0"] = true; -- XEP-0373
	["urn:xmpp:pte:0"] = true; -- XEP-0477
	["jabber:x:encrypted"] = true; -- XEP-0027
	["urn:xmpp:eme:0"] = true; -- XEP-0380
};

-- What was found in a post; one table, used again for each.  Whoever keeps
-- something of it, takes it (`keep_found`).
local found = { reprints = {}, labels = {}, reprint_count = 0, label_count = 0 };
M.found = found;

-- Begins with a new post: whose it is, and the labels worth reporting.
function M.begin(bare, nick_jid, wanted)
	found.bare, found.nick_jid, found.wanted = bare, nick_jid, wanted;
	found.to_strip, found.over_limit, found.is_encrypted = false, false, false;
	if found.label_count ~= 0 then found.labels, found.label_count = {}, 0; end
	if found.reprint_count ~= 0 then found.reprints, found.reprint_count = {}, 0; end
end

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
		if tag:get_child("media-sharing", NS.media) then
			return; -- a picture (XEP-0385)
		end
		add_reprint("reference", #uri <= MAX.attr and uri_jid(uri) or uri);
	end;
	[NS.atom] = function (tag) -- RFC 4287, XEP-0277
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
M.INSPECT = INSPECT;

-- Looks at everything below `el`, which is itself at `depth`.
local function look_below(el, depth, in_media)
	if depth >= MAX.depth then
		found.over_limit, found.to_strip = true, true;
		return;
	end
	in_media = in_media or el.attr.xmlns == NS.media;
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

M.look_below = look_below;

function M.is_ordinary()
	return found.reprint_count == 0 and found.label_count == 0
		and not found.is_encrypted;
end

-- Moves what was found into an item.
function M.keep_found(item)
	item.is_encrypted = found.is_encrypted;
	item.is_ordinary = M.is_ordinary();
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
M.size_of = size_of;

return M;
