-- For Prosody 0.12: three additions to prosody.cfg.lua.  Restart Prosody
-- afterwards, or reload it and activate the new host with `prosodyctl shell`.

-- 1. Above all hosts: where the guard module is, and whom it asks.  Debian's
--    file has a plugin_paths already: add the folder there instead.
plugin_paths = { "/usr/local/lib/masthead/prosody" }
masthead_component = "masthead.example.org"

-- 2. The guard, on the host of the rooms.  It is your own line; only the
--    module is new.  The same for a pubsub service, and for a VirtualHost whose
--    accounts have guarded nodes (newsfeeds, microblogs):
--        Component "pubsub.example.org" "pubsub"
--            modules_enabled = { "masthead" }
Component "rooms.example.org" "muc"
    modules_enabled = { "masthead" }

-- 3. Masthead itself.  The domain and the secret are those of masthead.yaml
--    and of the file that its secret_file names.
Component "masthead.example.org"
    component_secret = "CHANGE ME"
