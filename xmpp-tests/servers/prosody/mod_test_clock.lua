-- A clock that tests can set: util.time runs ahead by the number of seconds
-- that the file `test_clock_file` holds.  For private test servers only.
--
-- Whoever took the functions out of util.time before (the event loop, its
-- timers) keeps the real clock; whoever calls through the table gets ours.

module:set_global();

local time = require "util.time";

local path = module:get_option_path("test_clock_file", nil, "data");
local offset = 0;
local real_now, real_monotonic = time.now, time.monotonic;

local function read()
	local file = path and io.open(path);
	if file then
		offset = tonumber(file:read("*a")) or offset;
		file:close();
	end
	return 0.05;
end

function time.now() return real_now() + offset; end
function time.monotonic() return real_monotonic() + offset; end

read();
module:add_timer(0.05, read);

function module.unload()
	time.now, time.monotonic = real_now, real_monotonic;
end
