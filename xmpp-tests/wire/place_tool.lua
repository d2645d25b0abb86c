-- Reads places of nodes and says which of them holds, as the guard in Prosody
-- does; input and output as of place_tool.c, but every place is "taken", and
-- what is personal is asked before there is a list: all else is closed then.

package.path = "/usr/lib/prosody/?.lua;"..package.path;
package.cpath = "/usr/lib/prosody/?.so;"..package.cpath;

local FOLDER = "module/guard/prosody/mod_masthead/";

local function names(...)
	local set = {};
	for _, name in ipairs({ ... }) do set[name] = true; end
	return set;
end

-- As much of Prosody and of the guard as places.lib asks for.
module = {
	guard = { saved = {}, common = { NS = {}, MAX = { cache = 50, attr = 1024 }, names = names } };
	open_store = function () end;
	get_option_string = function () end;
};
local places = dofile(FOLDER.."places.lib.lua");

local list;
for line in io.lines() do
	local word, node, owner = line:match("^(%a+)\t?([^\t]*)\t?(.*)$");
	owner = owner ~= "" and owner or nil;
	if word == "list" then
		list = {};
	elseif word == "place" then
		list[#list + 1] = { kind = "node", id = tostring(#list), name = node, owner = owner, labels = {} };
		print("taken");
	elseif word == "personal" then
		print(places.of_node("x", node) and "no" or "yes");
	else
		if list then places.set(list); end
		list = nil; -- it is the module's now
		local place = places.of_node(owner, node);
		print(place and place.id or "none");
	end
end
