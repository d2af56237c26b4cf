package candor.train;

import candor.probe.ProbeReading;

/**
 * What a checkpoint knows of a run's probes.
 *
 * @param plan  which are asked, and how often: a run that is made longer goes on by it
 * @param start what they said before the first step
 * @param good  the last step whose reading was no drop
 */
record HonestyState(ProbePlan plan, ProbeReading start, long good) {}
