-- What the sender of a refused post reads.

local st = require "util.stanza";

local NS = module.guard.common.NS;
local s_find = string.find;

local M = {};

-- The guard's own refusals; all others come from Masthead.
local OWN = {
	limit = {
		type = "modify", condition = "policy-violation";
		en = "This post has more reprints, labels, levels or longer attributes than are accepted here.";
		de = "Dieser Beitrag hat mehr Übernahmen, Kennzeichnungen, Ebenen oder längere Attribute als erlaubt.";
	};
	overload = {
		type = "wait", condition = "resource-constraint";
		en = "Too many posts are waiting for a decision. Please try again in a moment.";
		de = "Zu viele Beiträge warten auf eine Entscheidung. Bitte versuchen Sie es gleich noch einmal.";
	};
	unavailable = {
		type = "wait", condition = "resource-constraint";
		en = "Posts cannot be checked here at the moment. Please try again later.";
		de = "Beiträge können hier zurzeit nicht geprüft werden. Bitte versuchen Sie es später noch einmal.";
	};
};

local function own_error(reason, lang)
	local own = OWN[reason];
	lang = lang and s_find(lang:lower(), "^de%f[^%w]") and "de" or "en";
	return st.stanza("error", { type = own.type })
		:tag(own.condition, { xmlns = NS.stanzas }):up()
		:tag("text", { xmlns = NS.stanzas, ["xml:lang"] = lang }):text(own[lang]):up()
		:tag("refusal", { xmlns = NS.error, reason = reason }):up();
end

-- Sends a stanza back with an error element of its own; `err` may be shared.
function M.bounce(origin, stanza, err)
	if stanza.attr.type == "error" or stanza.attr.type == "result" then
		return; -- RFC 6120: never answered
	end
	local reply = st.reply(stanza);
	reply.attr.type = "error";
	local copy = st.clone(err);
	copy.attr.xmlns = nil; -- Masthead's came inside its own namespace
	copy.attr.by = module.host;
	reply:add_direct_child(copy);
	origin.send(reply);
end

-- The error element of a verdict that does not pass.
function M.verdict_error(verdict, stanza)
	return verdict.error
		or own_error(verdict.own or "unavailable", stanza.attr["xml:lang"]);
end
M.own_error = own_error;

return M;
