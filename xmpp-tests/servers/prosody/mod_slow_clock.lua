-- For a server that is run slowly, by an instrument: the clock of what takes
-- util.time.monotonic from its table runs slower by the factor `slow_clock`,
-- so that what happens by time happens as often as it would.  The event loop
-- keeps the real clock.

module:set_global();

local time = require "util.time";

local factor = module:get_option_number("slow_clock", 1);
local real = time.monotonic;
local began_at = real();

function time.monotonic()
	return began_at + (real() - began_at) / factor;
end

function module.unload()
	time.monotonic = real;
end
