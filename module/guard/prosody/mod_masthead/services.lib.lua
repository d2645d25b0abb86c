-- The pubsub services of this host: that of the host itself (mod_pubsub) and
-- those of its accounts (mod_pep).
--
-- Other modules of the server publish past IQs, by calling `publish` of the
-- service: mod_pubsub_feeds and mod_pubsub_mqtt, for instance.  So each service
-- gets a `publish` of ours, which refuses what nodes.lib has not let through.

local st = require "util.stanza";
local jid = require "util.jid";

local guard = module.guard;
local complain, structure, places = guard.common.complain, guard.structure, guard.places;
local place_of, found = places.of_node, structure.found;

local modules = prosody.hosts[module.host].modules;
local pairs = pairs;
local jid_node = jid.node;

local M = {};

local pass_internal =
	module:get_option_string("masthead_internal_publish", "refuse") == "pass";

-- Items that may be published, once, and to which node.
local allowed = setmetatable({}, { __mode = "k" });
local closed = setmetatable({}, { __mode = "k" }); -- service -> { ours, before }
local is_active = true; -- until we are unloaded

-- Whether a service is going to refuse an item anyway, as far as that is
-- easily said (util.pubsub).
local function will_refuse(service, node, actor, item)
	if not service.config.itemcheck(item) then return true; end
	local node_obj = service.nodes[node];
	if not node_obj and not service.config.autocreate_on_publish then return true; end
	if service:may(node, actor, "publish") then return false; end
	local model = node_obj and node_obj.config.publish_model;
	return not (model == "open" or model == "subscribers" and node_obj.subscribers[actor]);
end
M.will_refuse = will_refuse;

-- Whether what another module publishes goes in, without any badge; called
-- for guarded nodes alone.
local function may_enter(place, actor, item)
	-- actor == true is a module that acts for the operator, or for somebody
	-- whom it does not name: mod_pubsub_mqtt takes anybody's.
	if place.is_observed or actor == true and pass_internal then return true; end
	if not place.only_labelled then return false; end
	structure.begin(nil, nil, place.labels);
	structure.look_below(item, 4);
	return found.label_count == 0; -- it does not claim to be a publication
end

local function cleaned(item)
	if not structure.is_dirty(item, nil, 4) then return item; end
	item = st.clone(item);
	structure.strip(item, nil, 4);
	return item;
end

-- Closes a service; `owner` as in places.of_node.
local function close(service, owner)
	if closed[service] then return; end
	local publish, own = service.publish, rawget(service, "publish");
	local function guarded_publish(self, node, actor, id, item, ...)
		local place = is_active and place_of(owner, node);
		if place then
			if item ~= nil and allowed[item] == node then
				allowed[item] = nil;
			elseif will_refuse(self, node, actor, item) then
				item = nil; -- all that is left to say is why
			else
				if not may_enter(place, actor, item) then
					complain("A module published to the guarded node %q past the guard (for %s), and was refused; "
						.."see masthead_internal_publish", node, actor == true and "the server" or actor);
					return false, "forbidden";
				end
				item = cleaned(item);
			end
		end
		return publish(self, node, actor, id, item, ...);
	end
	closed[service] = { ours = guarded_publish, before = own };
	service.publish = guarded_publish;
end

-- Gives the services their own `publish` back.  If somebody has wrapped ours
-- meanwhile, it stays and does nothing.
function M.on_end()
	is_active = false;
	for service, publish in pairs(closed) do
		if service.publish == publish.ours then service.publish = publish.before; end
	end
end

-- The service of this host; nil if it has none.
function M.of_host()
	local service = modules.pubsub and modules.pubsub.service;
	if service and not closed[service] then close(service, nil); end
	return service;
end

-- The service of an account; nil if it has none that we know.
function M.of_account(owner)
	local pep = modules.pep;
	return pep and pep.get_pep_service and pep.get_pep_service(owner);
end

-- Lets an item be published, once.
function M.allow(item, node)
	allowed[item] = node;
end

M.of_host();
for _, event in pairs({ "module-loaded", "module-reloaded" }) do
	module:hook(event, function ()
		M.of_host(); -- and no answer, for others wait for this event
	end);
end
module:handle_items("pep-service", function (event)
	local owner = jid_node(event.item.jid);
	if owner then close(event.item.service, owner); end
end, function () end, true);

return M;
