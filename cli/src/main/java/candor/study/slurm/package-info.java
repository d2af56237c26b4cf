/**
 * Studies on a cluster: the parts of a study as jobs of Slurm, which queues, places and repeats them. One script serves all
 * parts; what makes it safe to submit again lies in the study itself ({@link candor.study.StudyRun}), not here.
 */
package candor.study.slurm;
