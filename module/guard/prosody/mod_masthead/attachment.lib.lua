-- Attach, recall, probe; the component coming and going.

local st = require "util.stanza";
local jid = require "util.jid";

local guard = module.guard;
local common, asking, verdicts, places = guard.common, guard.asking, guard.verdicts, guard.places;
local NS, SECONDS, link = common.NS, common.SECONDS, common.link;
local now, complain, next_id = common.now, common.complain, common.next_id;
local component, timeout_s = common.component, common.timeout_s;

local hosts = prosody.hosts;
local tonumber = tonumber;
local jid_bare = jid.bare;

local M = {};

local function attach()
	if not link.session or link.stopping then return; end
	link.attached = false;
	link.attach_id = next_id();
	link.attach_sent, link.attach_at = now(), nil;
	module:send(st.iq({ type = "get", id = link.attach_id, from = module.host, to = component })
		:tag("attach", { xmlns = NS.guard, server = "Prosody "..prosody.version }));
end

-- Not more than once a second, however often the component contradicts itself.
function M.attach_soon()
	if not link.attach_sent or now() - link.attach_sent >= 1 then return attach(); end
	link.attached, link.attach_at = false, link.attach_sent + 1;
end

local function on_attach_failed(why)
	link.attach_id, link.is_refused = nil, true;
	link.attach_at = now() + link.attach_delay;
	link.attach_delay = math.min(link.attach_delay * 2, SECONDS.attach_again_max);
	complain("%s did not let us attach (%s): is this host listed under `guards:` there?", component, why);
	module:set_status("warn", "Not attached: "..why);
	asking.give_up_all();
end

local function on_attached(reply)
	local new_epoch, new_serial = reply.attr.epoch, tonumber(reply.attr.serial);
	if not new_epoch or not new_serial then return on_attach_failed("malformed answer"); end
	link.attach_id, link.attach_at, link.attach_delay = nil, nil, SECONDS.attach_again;
	link.is_refused = false;
	link.responsive = true;
	local list = places.read(reply);
	local is_news = new_epoch ~= link.epoch or new_serial ~= link.known_serial;
	if is_news then verdicts.void_all(new_serial); end
	link.epoch, link.known_serial = new_epoch, new_serial;
	if places.set(list) then
		is_news = true;
		places.keep(list);
	end
	link.attached = true;
	module:log("info", "Attached to %s: %d places", component, #list);
	module:set_status("info", ("Attached, %d places"):format(#list));
	asking.flush();
	guard.each("on_attached", is_news);
end

local function on_recall(recall)
	local serial = tonumber(recall.attr.serial);
	if not serial then return false; end
	local actor = recall.attr.actor;
	link.responsive = true;
	if not actor or recall.attr.epoch ~= link.epoch then
		verdicts.void_all(serial);
		link.known_serial = nil;
		attach();
		return true;
	end
	actor = jid_bare(actor);
	verdicts.recall(actor, serial);
	if link.known_serial and serial > link.known_serial then link.known_serial = serial; end
	guard.each("on_recall", actor, now());
	return true;
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
	if attr.from ~= component or not link.session or event.origin ~= link.session then return; end
	if attr.type == "get" or attr.type == "set" then
		local payload = stanza.tags[1];
		if not payload or payload.attr.xmlns ~= NS.guard then return; end
		on_guard_request(stanza, payload);
		return true;
	end
	local id = attr.id;
	if id ~= nil and id == link.attach_id then
		local reply = attr.type == "result" and stanza:get_child("attach", NS.guard);
		if reply then
			on_attached(reply);
		else
			local _, condition = stanza:get_error();
			on_attach_failed(condition or "no list");
		end
		return true;
	end
	return id ~= nil and asking.on_reply(id, stanza) or nil;
end

local function on_connected(new_session)
	link.session = new_session;
	link.is_refused = false;
	link.attach_delay = SECONDS.attach_again;
	attach();
end

local function on_lost()
	link.session, link.attached, link.attach_id, link.attach_at = nil, false, nil, nil;
	module:log("warn", "%s is gone: posts that no lease covers bounce until it is back", component);
	module:set_status("warn", "Not connected");
	asking.give_up_all();
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
		if event.session == link.session and link.session then on_lost(); end
	end);
	local current = connected_session();
	if current and current ~= link.session then on_connected(current); end
end

module:hook("iq/host", on_host_iq, 1001); -- before all that may hold an IQ

module:hook_global("host-activated", function (host)
	if host == component then watch_component(); end
end);

-- Its stream stays open, but nothing reaches it any more: what we sent it now
-- would go looking for another server of that name.
module:hook_global("host-deactivated", function (host)
	if host ~= component then return; end
	watched = nil;
	if link.session then on_lost(); end
end);

function M.look_after(t)
	if link.attach_id and t >= link.attach_sent + timeout_s then on_attach_failed("no answer"); end
	if link.attach_at and t >= link.attach_at then attach(); end
end

-- At the end of loading, with what a reload handed on.
function M.start()
	if link.session and link.session ~= connected_session() then on_lost(); end
	asking.resume();
	watch_component();
end

function M.detach()
	if not link.session then return; end
	module:send(st.iq({ type = "set", id = next_id(), from = module.host, to = component })
		:tag("detach", { xmlns = NS.guard }));
end

return M;
