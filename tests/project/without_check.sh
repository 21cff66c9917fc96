#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Stands in for the tests that need the Check library, so that their absence
# shows.
echo "SKIP: the tests of the library were not built, since configure did not"
echo "find Check (or was told --without-check). Install Check and pkg-config,"
echo "then run configure again."
exit 77
