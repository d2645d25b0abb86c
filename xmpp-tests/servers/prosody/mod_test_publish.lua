-- Publishes as any other module of the server could, past IQs.  For private
-- test servers only.
--
-- A message to the host: <publish xmlns='urn:test:publish' node='…'
-- owner='LOCALPART'? actor='JID'?>ITEM</publish>, without an actor in the
-- server's own name.  The reply's body is "ok" or the error.

local st = require "util.stanza";

module:hook("message/host", function (event)
	local stanza = event.stanza;
	local order = stanza:get_child("publish", "urn:test:publish");
	if not order then return; end
	local attr = order.attr;
	local modules = prosody.hosts[module.host].modules;
	local service = attr.owner and modules.pep.get_pep_service(attr.owner) or modules.pubsub.service;
	local item = order:get_child("item", "http://jabber.org/protocol/pubsub");
	local ok, err = service:publish(attr.node, attr.actor or true, item.attr.id, item);
	module:send(st.reply(stanza):body(ok and "ok" or tostring(err)));
	return true;
end);
