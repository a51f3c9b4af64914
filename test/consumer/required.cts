// The same from a CommonJS file, which loads the ES module by `require`; compiled only.
import sluice = require("sluice");

export const limiter = sluice.createLimiter("100/1m");
