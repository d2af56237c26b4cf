/**
 * Evaluation: a task is data, prompts and a scorer; a model answers, a judge judges where rules alone cannot, and every
 * score comes with its size, its standard error and its interval.
 *
 * <p>The flow, one method call an arrow: {@link candor.evaluate.Task#rows} → {@link candor.evaluate.Task#asks} → {@link
 * candor.evaluate.ask.Respondent} → {@link candor.evaluate.Task#questions} → {@link candor.evaluate.judge.Judge} → {@link
 * candor.evaluate.Task#outcome} → {@link candor.evaluate.Scores}. {@link candor.evaluate.Evaluator} is that line of arrows; answers of the
 * model and of the judge are kept in an {@link candor.evaluate.ask.AnswerCache}, so that a run which was stopped goes on.
 *
 * <p>A new task is one class that implements {@link candor.evaluate.benchmark.Benchmark}, and a text beside the others in the resources
 * that names it.
 */
package candor.evaluate;
