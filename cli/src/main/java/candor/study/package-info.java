/**
 * Studies: arms × seeds × (train, evaluate), from one YAML file.
 *
 * <p>A {@link candor.study.Protocol} lists its {@link candor.study.record.Arm}s and makes the data that they are trained on; everything else
 * is the same for all of them: {@link candor.study.StudyRun} walks the stages (data, training, evaluation, records), each of which goes on
 * where it stopped. Runs that share a base train together in slots ({@link candor.study.TrainGroup}), and all adapters answer in
 * one batched generation ({@link candor.study.Evaluations}).
 *
 * <p>Settings come from a {@link candor.study.Section}: preset, file and {@code --set} laid over one another, checked against a
 * {@link candor.study.Schema}.
 */
package candor.study;
