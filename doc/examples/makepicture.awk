# SPDX-License-Identifier: BSD-2-Clause
#
# makepicture.awk - paint the picture that the demo shares: the sun goes down
# behind hills, over the sea. Writes a PPM picture (P3, plain text).
#
#	awk -f makepicture.awk >picture.ppm
#	awk -v width=192 -v height=128 -f makepicture.awk >large.ppm

# Between a (at 0) and b (at 1).
function mix(a, b, share) { return a + (b - a) * share }

function smooth(share)
{
	if (share < 0) return 0
	if (share > 1) return 1
	return share * share * (3 - 2 * share)
}

# One number for x and y, in 0 .. 1, that looks as if drawn by lot.
function grain(x, y,    n)
{
	n = sin(x * 12.9898 + y * 78.233) * 43758.5453
	return n - int(n) + (n < 0)
}

# The ridge of a chain of hills: how far above the horizon, 0 .. 1.
function ridge(x, chain)
{
	if (chain == 0)
		return 0.060 + 0.035 * sin(x * 9 + 1) + 0.016 * sin(x * 23 + 2) \
			+ 0.008 * sin(x * 57)
	return (0.17 * smooth((0.44 - x) / 0.42)) \
		* (1 + 0.15 * sin(x * 31) + 0.07 * sin(x * 67 + 1)) \
		+ 0.09 * smooth((x - 0.84) / 0.16)
}

function set(r, g, b) { red = r; green = g; blue = b }

function tint(r, g, b, share)
{
	red = mix(red, r, share)
	green = mix(green, g, share)
	blue = mix(blue, b, share)
}

# The sky at x, with y from 0 (top) to 1 (horizon); mirrored: as the sea has it.
function sky(x, y, mirrored,    away, band)
{
	set(34, 24, 82)
	tint(96, 44, 124, smooth(y / 0.45))
	tint(226, 84, 92, smooth((y - 0.30) / 0.42))
	tint(255, 176, 84, smooth((y - 0.62) / 0.40))
	away = sqrt((x - sunx) * (x - sunx) * 5.8 + (y - suny) * (y - suny))
	tint(255, 214, 130, 0.75 * exp(-away * away * 9))
	# Long thin clouds, lit from below.
	band = sin(y * 34 + 2.2 * sin(x * 4.1) + 0.8 * sin(x * 11 + y * 9))
	band = smooth((band - 0.45) / 0.5) * smooth((y - 0.08) / 0.2) \
		* smooth((0.92 - y) / 0.3) \
		* (0.35 + 0.65 * smooth(0.5 + 0.8 * sin(x * 6 + y * 13)))
	tint(255, mix(96, 200, y), mix(120, 110, y), band * 0.55)
	if (mirrored)
		return
	# The disc itself, soft at its edge, and the first stars.
	tint(255, 246, 205, smooth((0.135 - away) / 0.03))
	if (y < 0.34 && grain(int(x * width), int(y * height)) > 0.986)
		tint(255, 250, 235, 0.8 * (1 - y / 0.34))
}

function land(x, y, mirrored)
{
	sky(x, y, mirrored)
	if (1 - y < ridge(x, 0))
		set(150, 62, 98)
	if (1 - y < ridge(x, 1))
		set(mix(44, 74, y), mix(20, 30, y), mix(62, 70, y))
}

# The sea at x, with y from 0 (horizon) to 1 (at our feet).
function sea(x, y,    wave, glitter)
{
	wave = sin((1 / (y + 0.08)) * 5.5 + 3 * sin(x * 7 + y * 3))
	land(x + wave * 0.012 * (1 + y), 1 - y * 0.9, 1)
	tint(24, 22, 70, 0.30 + 0.38 * y)
	tint(12, 10, 48, 0.22 * smooth(wave))
	# The path of light that the sun lays on the water.
	glitter = exp(-(x - sunx) * (x - sunx) / (0.004 + 0.03 * y))
	glitter *= smooth((sin(y * 95 / (0.6 + y) + 4 * grain(int(x * 40), \
		int(y * 60))) + 0.7) / 1.2)
	tint(255, 206, 120, glitter * mix(0.95, 0.5, y))
}

# A boat on the water: a hull and two sails.
function boat(x, y,    dx, dy)
{
	dx = (x - 0.325) * width / height
	dy = y - 0.70
	if (dy > 0 && dy < 0.028 && dx > -0.07 + dy && dx < 0.075 - dy)
		set(26, 14, 34)
	if (dy > -0.008)
		return
	if (dx < -0.004 && dx > -0.055 * (1 + dy / 0.17))
		set(250, 226, 196)
	if (dx > 0.004 && dx < 0.062 * (1 + dy / 0.14))
		set(232, 170, 150)
}

BEGIN {
	if (!width) width = 96
	if (!height) height = 64
	horizon = 0.62
	sunx = 0.62
	suny = 0.80
	print "P3"
	print "# Sunset, by makepicture.awk"
	print width, height
	print 255
	for (row = 0; row < height; row++) {
		line = ""
		for (column = 0; column < width; column++) {
			x = (column + 0.5) / width
			y = (row + 0.5) / height
			if (y < horizon)
				land(x, y / horizon, 0)
			else
				sea(x, (y - horizon) / (1 - horizon))
			boat(x, y)
			line = line sprintf("%d %d %d%s", red, green, blue, \
				(column % 6 == 5) ? "\n" : " ")
		}
		print line
	}
}
