/**
 * Checkpoints on disk: written whole or not at all, verified before they are believed.
 *
 * <p>{@link candor.train.checkpoint.CheckpointStore} keeps the last few under a run's {@code checkpoints/step-N/}. What a
 * checkpoint holds is the trainer's business; here it is named files and their checksums.
 */
package candor.train.checkpoint;
