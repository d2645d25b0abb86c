std = "lua54"
max_line_length = 120
-- Prosody gives these to every module.
globals = { "module" }
read_globals = { "prosody" }
