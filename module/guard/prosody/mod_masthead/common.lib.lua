-- What the parts of the guard have in common: names, bounds, options, and
-- `link`, which is what is known of Masthead.

local st = require "util.stanza";
local time = require "util.time"; -- looked up at each call: tests shift it
local new_id = require "util.id".short;

local type, next, select = type, next, select;
local setmetatable, tostring = setmetatable, tostring;

local saved = module.guard.saved;
local M = {};

M.component = module:get_option_string("masthead_component");
M.timeout_s = module:get_option_number("masthead_timeout", 3);

M.NS = {
	guard = "urn:masthead:guard:0";
	badge = "urn:masthead:badge:0";
	error = "urn:masthead:error:0";
	stanzas = "urn:ietf:params:xml:ns:xmpp-stanzas"; -- RFC 6120
	muc_user = "http://jabber.org/protocol/muc#user"; -- XEP-0045
	pubsub = "http://jabber.org/protocol/pubsub"; -- XEP-0060
	hats = "urn:xmpp:hats:0"; -- XEP-0317
	hats_old = "xmpp:prosody.im/protocol/hats:1"; -- before 0.2 of it
	occupant_id = "urn:xmpp:occupant-id:0"; -- XEP-0421
	reactions = "urn:xmpp:reactions:0"; -- XEP-0444
	correct = "urn:xmpp:message-correct:0"; -- XEP-0308
	fasten = "urn:xmpp:fasten:0"; -- XEP-0422, of XEP-0424 before 0.4
	atom = "http://www.w3.org/2005/Atom"; -- RFC 4287
	fallback = "urn:xmpp:fallback:0"; -- XEP-0428
	xhtml_im = "http://jabber.org/protocol/xhtml-im"; -- XEP-0071
	media = "urn:xmpp:sims:1"; -- XEP-0385
};

M.MAX = {
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
	cache = 2000; -- namespaces, names of rooms and nodes
	cached_name = 128; -- bytes of a namespace
	reaction = 64; -- bytes; the longest emoji have about 40
	reactions = 32; -- in one message
	asks = 128; -- occupants asked about at a time, not joining
	eager = 3; -- a post whose verdicts are void asks so often at once
};

M.SECONDS = {
	tick_idle = 1, tick_busy = 0.2;
	turn = 0.05, turn_gap = 0.01; -- of releasing at a time
	recall_kept = 60; -- no verdict is under way longer
	ask_again = 10; -- about an occupant, after no answer
	attach_again = 2, attach_again_max = 30;
	prune = 30;
	complain = 60;
};

function M.now()
	return time.monotonic();
end

-- Of Masthead.
local link = saved.link or {
	session = nil; -- the component's stream, while it is connected
	attached = false;
	epoch = nil, known_serial = nil; -- up to which we know all recalls; nil: void
	floor_serial = 0; -- verdicts below are void, whoever the actor is
	attach_id = nil, attach_sent = nil; -- under way
	attach_at = nil, attach_delay = M.SECONDS.attach_again; -- the next try
	is_refused = false; -- the last try failed: nobody to ask so far
	responsive = true; -- false since a check went unanswered
	stopping = false; -- the server, or the module, ends
	asks_in_flight = 0; -- about occupants
	id_prefix = "masthead-"..new_id().."-", id_count = 0;
};
M.link = link;

-- Of the server: the seconds it has spent on what the guards of all its hosts
-- released.
M.busy = module:shared("/*/masthead/busy");
M.busy.s = M.busy.s or 0;

function M.save(state)
	state.link = link;
end

function M.next_id()
	link.id_count = link.id_count + 1;
	return link.id_prefix..link.id_count;
end

function M.names(...)
	local set = {};
	for i = 1, select("#", ...) do set[(select(i, ...))] = true; end
	return set;
end

-- Something that an operator should hear of, but not for each post.
local complained_at = {};
function M.complain(...)
	local t, about = M.now(), ...;
	if t - (complained_at[about] or -math.huge) < M.SECONDS.complain then return; end
	complained_at[about] = t;
	module:log("warn", ...);
end

-- Errors of other modules' hooks must not stop what waits behind.
function M.traceback(err)
	module:log("error", "Traceback: %s", debug.traceback(tostring(err), 2));
end

-- An element without st.stanza's checks of every string: ours come from
-- stanzas that were parsed, and this is done for each check.
function M.element(name, attr)
	return setmetatable({ name = name, attr = attr, tags = {} }, st.stanza_mt);
end

-- The genuine badges, hats or other elements of a verdict, added as they are.
-- By reference: broadcasts, histories and archives change the message, never
-- what is in it.
function M.add_extras(el, verdict)
	local extras = verdict and verdict.extras;
	if not extras then return; end
	for i = 1, #extras do el:add_direct_child(extras[i]); end
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
M.same_xml = same_xml;

return M;
