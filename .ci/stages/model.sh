# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The protocols as models, in which spin searches every interleaving.

stage model quiet "All states of the models, but for the largest ones" model

model()
{
	need spin
	# "make model" searches the largest ones, too.
	SVSHM_MODEL=quick srcdir=$top bash tests/model/run.sh
}
