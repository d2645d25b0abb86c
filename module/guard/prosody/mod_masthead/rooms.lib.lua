-- Rooms: where the guard meets mod_muc.
--
-- No room, occupant or session is trusted across a turn of the server: items
-- keep addresses, and rooms are looked up again.

local st = require "util.stanza";
local jid = require "util.jid";

local guard = module.guard;
local common, structure, messages = guard.common, guard.structure, guard.messages;
local lanes, verdicts, hats = guard.lanes, guard.verdicts, guard.hats;
local NS, SECONDS, link = common.NS, common.SECONDS, common.link;
local now, add_extras = common.now, common.add_extras;
local is_dirty, strip, found = structure.is_dirty, structure.strip, structure.found;
local affiliation_of, describe = messages.affiliation_of, messages.describe;
local is_ordinary, keep_found = structure.is_ordinary, structure.keep_found;
local classify, drop_spare_words = messages.classify, messages.drop_spare_words;
local top_groupchat, top_other = messages.top_groupchat, messages.top_other;
local has_occupant_id = messages.has_occupant_id;
local place_of = guard.places.of_room;
local bounce, own_error, verdict_error = guard.errors.bounce, guard.errors.own_error, guard.errors.verdict_error;
local senders, passing, drain = lanes.senders, lanes.passing, lanes.drain;
local enqueue, is_overloaded, is_behind_much = lanes.enqueue, lanes.is_overloaded, lanes.is_behind_much;
local ask, LIMIT = guard.asking.ask, verdicts.LIMIT;
local records, record_of, forget = hats.records, hats.record_of, hats.forget;
local muc = module:depends("muc"); -- also reloads and unloads us with it

local pairs = pairs;
local jid_bare, jid_resource = jid.bare, jid.resource;

-- A subject change reaches readers in a stanza that the room makes anew:
-- what it should carry waits here for that broadcast.
local subject_extras;

local function new_item(origin, stanza, room_jid, bare)
	return lanes.new_item("room", origin, stanza, room_jid, bare);
end

-- Holds what needs no check.  Behind too much, it bounces; but presence and
-- answers are held in any case: who leaves, leaves.
local function hold_behind(event, room_jid, inside)
	local stanza = event.stanza;
	local kind = stanza.attr.type;
	if stanza.name ~= "presence" and kind ~= "result" and kind ~= "error"
	and is_behind_much(stanza) then
		bounce(event.origin, stanza, own_error("overload", stanza.attr["xml:lang"]));
	else
		lanes.hold_plain("room", event, room_jid).inside = inside;
	end
	return true;
end

-- Publications and joins ---------------------------------------------------

-- After a presence (an arrival, a change of nickname) has left the lane:
-- asks about the posts behind it at once, rather than one by one at the
-- head.  Up to the next presence, which may change everything again.
local function classify_ahead(lane)
	local room, occupant, place;
	for i = lane.first, lane.last do
		local item = lane[i];
		if item.stanza.name == "presence" then return; end
		if item.is_unread and not item.inside then
			if not room then
				place, room = place_of(lane.dest), muc.get_room_from_jid(lane.dest);
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
	local lease = verdicts.find_lease(place, bare, room.jid, kind, lang);
	if not lease
	or has_occupant_id and lease.salt ~= room:get_salt()
	or lease.nick and lease.nick ~= jid_resource(occupant.nick)
	or lease.affiliation ~= affiliation_of(place, room, bare) then
		return nil;
	end
	remember_id(lease, room, occupant);
	return lease.verdict;
end

-- Lets a stanza go on: inside the room if it was held there, so that the
-- host's hooks do not see it twice.
local function dispatch(item, origin)
	local stanza = item.stanza;
	local room = item.inside and muc.get_room_from_jid(item.dest);
	if not room or room._data.destroyed then
		return module:send(stanza, origin);
	elseif stanza.name == "message" then
		return room:handle_groupchat_to_room(origin, stanza);
	elseif item.is_new_room and not room:has_occupant() then
		return room:handle_first_presence(origin, stanza);
	end
	return room:handle_presence_to_occupant(origin, stanza);
end

guard.ways.room = {
	place = function (item)
		return place_of(item.dest);
	end;
	deliver = function (item, origin)
		local verdict = item.verdict;
		subject_extras = item.kind == "subject" and verdict and verdict.extras or nil;
		dispatch(item, origin);
	end;
	done = function ()
		subject_extras = nil;
	end;
	ahead = classify_ahead;
	settle = hats.settle;
};

-- Hooks --------------------------------------------------------------------

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
	return hold_behind(event, room_jid);
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
		return hold_behind(event, room_jid, true);
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

-- Somebody without voice asks for it (XEP-0045 #requestvoice).  A voice that
-- could not be used helps nobody: who may not publish hears that, and how to
-- become one who may, and the moderators are not asked.
local function on_voice_request(event)
	local stanza, room, occupant = event.stanza, event.room, event.occupant;
	local place = place_of(room.jid);
	if passing[stanza] or not place or place.only_labelled or place.is_observed then return; end
	local lang = stanza.attr["xml:lang"];
	classify(stanza, place, occupant.bare_jid, occupant.nick);
	local verdict = find_lease(place, room, "message", occupant, lang);
	if verdict then
		if verdict.action == "pass" then return; end
		bounce(event.origin, stanza, verdict_error(verdict, stanza));
		return true;
	end
	local item = new_item(event.origin, stanza, room.jid, occupant.bare_jid);
	if is_overloaded(item) then
		bounce(event.origin, stanza, own_error("overload", lang));
		return true;
	end
	describe(item, "message", place, room, occupant);
	enqueue(item);
	ask(item);
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
	if not link.attached or not link.responsive or link.stopping or lanes.are_full() then
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
		local mine = record.hats[i];
		local ours = stanza:get_child("hats", mine.attr.xmlns);
		if not ours then
			stanza:add_direct_child(mine);
		else
			local merged = st.clone(ours); -- it may be shared
			for j = 1, #mine do merged:add_direct_child(mine[j]); end
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
module:hook("muc-occupant-groupchat", on_groupchat, 40);
module:hook("muc-voice-request", on_voice_request, 40);

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
	structure.remove_tags(event.stanza, function (_, ns)
		return ns == event.stanza.attr.xmlns or ns == NS.xhtml_im;
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
	if common.component and not place.is_unknown then
		event.reply:add_child(guard.nodes.issuer_form());
	end
end);

return {};
