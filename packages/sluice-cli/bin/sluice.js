#!/usr/bin/env node
// Here before the build, so that an install can link it.
import "../dist/bin.js";
