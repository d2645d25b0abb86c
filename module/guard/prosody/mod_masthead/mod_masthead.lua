-- mod_masthead: the guard of Masthead inside Prosody (0.12), for rooms and
-- for nodes.
--
-- Load it on MUC components, on hosts whose accounts have PEP, and on pubsub
-- components.  For the places that Masthead's list names, it holds each
-- publication for the moment that a decision takes, asks Masthead over its
-- component connection (docs/PROTOCOL.md), and then lets it go on with a
-- badge, or bounces it with the reason.  What it sends is a description: who,
-- where, how the post is built.  Never its text.
--
-- How it is cut; each part is a file NAME.lib.lua beside this one, and sees
-- only those above it (what must look down, does so through `guard` when
-- it is called):
--   common       names, bounds, what is known of Masthead
--   structure    what a post is built of; taking out what is forged
--   places       the list of guarded places, kept on disk
--   errors       what the sender of a refused post reads
--   verdicts     what they say; leases, recalls
--   lanes        first in, first out per sender and destination
--   asking       checks out, verdicts in, deadlines
--   attachment   attach, recall, probe; the component coming and going
--   messages     what a groupchat message is              (MUC hosts)
--   hats         what guarded rooms add to presence       (MUC hosts)
--   rooms        where all this meets mod_muc             (MUC hosts)
--   services     the pubsub services of the host; publishing past IQs
--   nodes        where all this meets mod_pubsub and mod_pep
--
-- Rules that hold everywhere:
-- * A held stanza ends exactly once: its lane item leaves the lane in
--   `drain` and nowhere else.
-- * No room, occupant, node or session is trusted across a turn of the
--   server: items keep addresses, and look again.
-- * Items, leases and records are plain data without functions, so that a
--   reload can hand them to the next version of this module.
-- * Deadlines and expiries compare with the monotonic clock when they are
--   looked at; the timer only makes somebody look.

local xpcall = require "util.xpcall".xpcall;

local STATE_VERSION = 2;

local foreign = module.saved_state;
local is_ours = foreign and foreign.version == STATE_VERSION;
local guard = {
	saved = is_ours and foreign or {}; -- by the same version, before a reload
	ways = {}; -- see lanes
};
module.guard = guard;

local parts = { "common", "structure", "places", "errors", "verdicts", "lanes", "asking", "attachment" };
local host = prosody.hosts[module.host];
if module:get_host_type() == "component" and host.modules.muc then
	parts[#parts + 1] = "messages";
	parts[#parts + 1] = "hats";
	parts[#parts + 1] = "rooms";
end
parts[#parts + 1] = "services";
parts[#parts + 1] = "nodes";
for i = 1, #parts do
	guard[parts[i]] = module:require(parts[i]);
end

-- Calls what each part has under that name.
function guard.each(name, ...)
	for i = 1, #parts do
		local f = guard[parts[i]][name];
		if f then f(...); end
	end
end

local asking, attachment, places = guard.asking, guard.attachment, guard.places;
local SECONDS, link = guard.common.SECONDS, guard.common.link;
local now, traceback = guard.common.now, guard.common.traceback;

local next_prune = 0;
local function look_after(t)
	attachment.look_after(t);
	asking.expire(t);
	if guard.hats then guard.hats.look_after(t); end
	asking.flush();
	if t >= next_prune or next_prune > t + SECONDS.prune then
		next_prune = t + SECONDS.prune;
		guard.each("prune", t);
	end
end

local function tick()
	xpcall(look_after, traceback, now()); -- whatever happens, tick on
	return asking.is_busy() and SECONDS.tick_busy or SECONDS.tick_idle;
end

-- Before the sessions of clients are closed (mod_smacks at -90, mod_c2s at
-- -100): what waits is bounced while its sender can still hear it.
local function stop()
	link.stopping = true;
	asking.give_up_all();
	guard.lanes.drain_all();
end
module:hook_global("server-stopping", stop, 100);

function module.save()
	local state = { version = STATE_VERSION };
	guard.each("save", state);
	return state;
end

function module.unload()
	guard.each("on_end");
	if module.reloading then return; end
	stop();
	guard.each("on_unload");
	attachment.detach();
end

if not guard.common.component then
	module:log("error", "Set masthead_component to Masthead's domain; until then, all posts here bounce");
end
if not is_ours then places.load(); end
attachment.start();
guard.lanes.drain_all();
if foreign and not is_ours then guard.lanes.adopt_foreign(foreign); end
guard.nodes.show_issuer(); -- shows what the stored list says
module:add_timer(SECONDS.tick_busy, tick);
