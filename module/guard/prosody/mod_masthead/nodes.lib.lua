-- Nodes: where the guard meets mod_pubsub (XEP-0060) and mod_pep (XEP-0163).
--
-- All that is published by stanzas is published by IQs; there is no way
-- through presence or messages.  For what other modules publish, see
-- services.

local st = require "util.stanza";
local jid = require "util.jid";

local guard = module.guard;
local common, structure, services = guard.common, guard.structure, guard.services;
local lanes, verdicts, places = guard.lanes, guard.verdicts, guard.places;
local NS, MAX, component = common.NS, common.MAX, common.component;
local add_extras = common.add_extras;
local begin, look_below, found = structure.begin, structure.look_below, structure.found;
local strip, is_ordinary, keep_found = structure.strip, structure.is_ordinary, structure.keep_found;
local ENCRYPTED = structure.ENCRYPTED;
local place_of, will_refuse = places.of_node, services.will_refuse;
local bounce, own_error, verdict_error = guard.errors.bounce, guard.errors.own_error, guard.errors.verdict_error;
local senders, passing, drain = lanes.senders, lanes.passing, lanes.drain;
local enqueue, hold_plain = lanes.enqueue, lanes.hold_plain;
local is_overloaded, is_behind_much = lanes.is_overloaded, lanes.is_behind_much;
local find_lease, ask = verdicts.find_lease, guard.asking.ask;
local LIMIT, UNGUARDED = verdicts.LIMIT, verdicts.UNGUARDED;

local host = module.host;
local jid_bare, jid_node = jid.bare, jid.node;
local pairs = pairs;
local NS_PUBSUB, NS_ATOM = NS.pubsub, NS.atom;

local EVENT = {
	bare = "iq/bare/"..NS_PUBSUB..":pubsub"; -- to an account
	host = "iq/host/"..NS_PUBSUB..":pubsub";
};

-- IQs to one's own account that no publishing concerns: contacts and chats
-- do not wait for it.
local CHATS = common.names(
	"jabber:iq:roster", "jabber:iq:privacy", "urn:xmpp:blocking",
	"urn:xmpp:carbons:2", "urn:xmpp:mam:2");

-- The element that mod_pubsub and mod_pep take for a publish: the first child
-- of <pubsub/>, by its name alone, whatever its namespace (pubsub.lib).
local function publish_of(stanza)
	local pubsub = stanza.attr.type == "set" and stanza.tags[1];
	if not pubsub or pubsub.name ~= "pubsub" or pubsub.attr.xmlns ~= NS_PUBSUB then
		return nil;
	end
	local publish = pubsub.tags[1];
	return publish and publish.name == "publish" and publish or nil;
end

-- The affiliation with a node, if the place wants to know of it.
local function affiliation_of(place, service, node, from)
	if not place.exempt or not service then return nil; end
	local known = service.nodes[node] and service.nodes[node].affiliations or {};
	local affiliation = known[from] or known[service.config.normalize_jid(from)]
		or service.affiliations[from] or service.config.get_affiliation(from, node, "publish");
	return affiliation and place.exempt[affiliation] and affiliation or nil;
end

local function is_encrypted(item)
	local payload = item and item.tags[1];
	if not payload then return false; end
	if ENCRYPTED[payload.attr.xmlns] then return true; end
	for i = 1, #payload.tags do
		if ENCRYPTED[payload.tags[i].attr.xmlns] then return true; end
	end
	return false;
end

-- Looks at all items of a publish, although the server takes the first one
-- only; true if it is a publication.  Details are left in `found`.
local function classify(stanza, publish, place, bare)
	begin(bare, nil, place.labels);
	look_below(publish, 3);
	local lang = stanza.attr["xml:lang"];
	if lang and #lang > MAX.attr or #publish.attr.node > MAX.attr then
		found.over_limit = true;
	end
	if place.no_encryption then
		found.is_encrypted = is_encrypted(publish:get_child("item"));
	end
	-- Without the label, the author does not claim to publish here.
	return not place.only_labelled or found.label_count > 0;
end

-- Opens the service for the item that it is going to take, and puts the
-- badge into it: inside the entry, since an item has one child.
local function let_through(publish, verdict)
	local item = publish:get_child("item");
	if not item then return; end
	local payload = item.tags[1];
	if payload and payload.name == "entry" and payload.attr.xmlns == NS_ATOM then
		add_extras(payload, verdict);
	end
	services.allow(item, publish.attr.node);
end

local function describe(item, place, service, owner, node)
	item.kind, item.place = "publish", place;
	item.owner, item.node = owner, node;
	local lang = item.stanza.attr["xml:lang"];
	item.lang = lang and #lang <= MAX.attr and lang or nil;
	item.affiliation = affiliation_of(place, service, node, item.from);
end

local function bounce_overload(event)
	local stanza = event.stanza;
	bounce(event.origin, stanza, own_error("overload", stanza.attr["xml:lang"]));
	return true;
end

local function hold_unread(event, dest, event_name)
	if is_behind_much(event.stanza) then return bounce_overload(event); end
	local item = hold_plain("node", event, dest);
	item.inside, item.is_unread, item.event = true, true, event_name;
	return true;
end

-- The verdict that needs no question, if there is one.
local function verdict_at_once(place, service, to, node, stanza, bare)
	if found.over_limit and not place.is_observed then return LIMIT; end
	if #node > MAX.attr then return UNGUARDED; end -- it cannot be asked about
	if not is_ordinary() then return nil; end
	local attr = stanza.attr;
	local lease = find_lease(place, bare, to.dest, node, attr["xml:lang"]);
	if lease and lease.affiliation == affiliation_of(place, service, node, attr.from) then
		return lease.verdict;
	end
end

-- Puts a publication into its lane, until its turn or its verdict comes.
-- `item`: it is there already, at the head.
local function hold(event, item, place, service, to, node, verdict)
	local stanza = event.stanza;
	if item then
		item.is_unread, item.released = nil, false;
	else
		item = lanes.new_item("node", event.origin, stanza, to.dest);
		item.inside, item.event = true, to.event;
		if is_overloaded(item) then
			bounce_overload(event);
			return;
		end
	end
	describe(item, place, service, to.owner, node);
	keep_found(item);
	if not item.lane then enqueue(item); end
	if verdict then
		item.verdict = verdict;
		drain(item.lane);
	else
		ask(item);
	end
end

-- A publish to a guarded node; `to`: { dest, owner, service, event }.  `item`:
-- it has been held already, and is at the head of its lane.
local function on_guarded(event, place, publish, item, to)
	local origin, stanza, node = event.origin, event.stanza, publish.attr.node;
	if not item and not lanes.OWNED[origin.type] then
		stanza = st.clone(stanza); -- what follows changes it
		event.stanza, publish = stanza, publish_of(stanza);
	end
	local from = stanza.attr.from;
	local bare = jid_bare(from);
	local sender = not item and senders[from];
	local lane = sender and sender.lanes[to.dest]; -- it would overtake
	local service = to.service(to.owner);
	local is_publication = classify(stanza, publish, place, bare);
	local verdict = is_publication and verdict_at_once(place, service, to, node, stanza, bare) or nil;
	local passes = not is_publication or verdict and verdict.action == "pass";

	if (lane or not passes)
	and service and will_refuse(service, node, from, publish:get_child("item")) then
		-- The server's own errors are better than ours, and cost nothing.
		-- But what is ahead in the lane may change that.
		return lane and hold_unread(event, to.dest, to.event) or nil;
	end
	if found.to_strip then
		strip(publish, nil, 3);
		-- Of an item that was nothing but a badge, nothing is left.
		if service and not lane and not service.config.itemcheck(publish:get_child("item")) then
			return nil;
		end
	end
	if lane and not is_publication then
		return hold_unread(event, to.dest, to.event);
	elseif not lane and passes then
		let_through(publish, verdict);
		return nil;
	elseif not lane and not item and verdict then
		bounce(origin, stanza, verdict_error(verdict, stanza));
	else
		hold(event, item, place, service, to, node, verdict);
	end
	return true;
end

local to_host = { dest = host, owner = nil, service = services.of_host, event = EVENT.host };

-- Any IQ for a node; after the host's own objections to it (blocked senders,
-- firewalls), before mod_pubsub and mod_pep see it.
local function on_pubsub(event, to)
	local stanza = event.stanza;
	local item = passing[stanza];
	if item and not item.is_unread then return; end -- decided; or no publish
	local publish = publish_of(stanza);
	local node = publish and publish.attr.node;
	if not node or not stanza.attr.from then return; end -- the server says so
	local place = place_of(to.owner, node);
	if place then return on_guarded(event, place, publish, item, to); end
	local sender = not item and senders[stanza.attr.from];
	if sender and sender.lanes[to.dest] then
		return hold_unread(event, to.dest, to.event);
	end
end

module:hook(EVENT.host, function (event)
	if services.of_host() then return on_pubsub(event, to_host); end
end, 1000);

-- Without `to`, an IQ is for the sender's own account (mod_pep).
local function owner_of(event)
	local to = event.stanza.attr.to;
	if to then return jid_node(to); end
	return event.origin.username;
end

-- Whatever else goes where a publish of the same sender waits.
local function barrier(event, dest)
	local stanza = event.stanza;
	local kind = stanza.attr.type;
	if passing[stanza] or kind ~= "get" and kind ~= "set" then return; end
	if publish_of(stanza) then return; end -- on to on_pubsub
	if is_behind_much(stanza) then return bounce_overload(event); end
	hold_plain("node", event, dest);
	return true;
end

module:hook("iq/host", function (event)
	local sender = senders[event.stanza.attr.from];
	if sender and sender.lanes[host] then return barrier(event, host); end
end, 1000);

if not guard.rooms then -- whose addresses are no accounts
	module:hook(EVENT.bare, function (event)
		local owner = owner_of(event);
		if not owner then return; end
		return on_pubsub(event, { dest = owner.."@"..host, owner = owner,
			service = services.of_account, event = EVENT.bare });
	end, 1000);

	module:hook("iq/bare", function (event)
		local sender = senders[event.stanza.attr.from];
		if not sender then return; end
		local owner = owner_of(event);
		local dest = owner and owner.."@"..host;
		local payload = event.stanza.tags[1];
		if not dest or not sender.lanes[dest]
		or payload and CHATS[payload.attr.xmlns] then
			return;
		end
		return barrier(event, dest);
	end, 1000);

	-- mod_pep keeps the services of accounts that were deleted: what still
	-- waits would be stored, and be there for the next one of that name.
	module:hook_global("user-deleted", function (event)
		if event.host ~= host then return; end
		local dest = event.username.."@"..host;
		for _, sender in pairs(senders) do
			local lane = sender.lanes[dest];
			if lane then
				for i = lane.first, lane.last do lane[i].is_orphan = true; end
			end
		end
	end);
end

guard.ways.node = {
	place = function (item)
		return place_of(item.owner, item.node);
	end;
	-- What was held inside goes on from there, so that the host's hooks do
	-- not see it twice; if nobody takes it, the server says so.
	deliver = function (item, origin)
		local stanza = item.stanza;
		if item.is_orphan then
			origin.send(st.error_reply(stanza, "cancel", "service-unavailable"));
			return;
		end
		if item.inside then
			if item.kind then let_through(publish_of(stanza), item.verdict); end
			local event = { origin = origin, stanza = stanza, to_self = stanza.attr.to == nil };
			if module:fire_event(item.event, event) ~= nil then return; end
		end
		prosody.core_post_stanza(origin, stanza);
	end;
};

-- Disco: whose badges count here (XEP-0128) -----------------------------------

local M = {};

function M.issuer_form()
	return st.stanza("x", { xmlns = "jabber:x:data", type = "result" })
		:tag("field", { var = "FORM_TYPE", type = "hidden" })
			:text_tag("value", NS.badge):up()
		:tag("field", { var = "masthead#issuer", type = "jid-single" })
			:text_tag("value", component):up();
end

local function add_form(event)
	if component then event.reply:add_child(M.issuer_form()); end
end

local function is_known(place)
	return place and not place.is_unknown;
end

module:hook("host-disco-info-node", function (event)
	if event.exists and is_known(place_of(nil, event.node)) then add_form(event); end
end, -100);

module:hook("account-disco-info-node", function (event)
	local owner = owner_of(event);
	if event.exists and owner and is_known(place_of(owner, event.node)) then add_form(event); end
end, -100);

module:hook("account-disco-info", function (event)
	local owner = jid_node(event.reply.attr.from);
	if owner and places.has_account(owner) then add_form(event); end
end, -100);

-- The host itself, as long as it has guarded places.
local shown;
function M.show_issuer()
	local wanted = component and places.are_there();
	if wanted and not shown then
		shown = M.issuer_form();
		module:add_item("extension", shown);
	elseif shown and not wanted then
		module:remove_item("extension", shown);
		shown = nil;
	end
end
M.on_attached = M.show_issuer;

return M;
