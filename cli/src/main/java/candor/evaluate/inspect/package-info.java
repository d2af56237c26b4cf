/**
 * Evaluations as logs of inspect_ai (the UK AI Security Institute's framework), in version 2 of its JSON format, so that its viewer and
 * its analyses take them. A log there is of one model: each subject of an evaluation has its own.
 */
package candor.evaluate.inspect;
