// Starts what moves. Every page is whole without these scripts; each module says what it adds.

import { startCharts } from "./charts.js";
import { startForms } from "./forms.js";
import { startHints } from "./hints.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { startTimes } from "./page.js";

startForms();
startCharts();
startTimes();
startKeys();
startHints();
startLive();
