package candor.evaluate;

import candor.evaluate.ask.Ask;
import candor.evaluate.data.DataRow;
import candor.evaluate.judge.Judgements;
import candor.evaluate.judge.ModelJudge;
import candor.evaluate.judge.Question;
import candor.stats.Mean;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/**
 * A benchmark: data, prompts, scorer.
 *
 * @param <R> its rows
 */
public interface Task<R extends Task.Row> {
    /** A row of the benchmark, read and checked. */
    interface Row {
        /** Unique within the task. */
        String id();

        /** The part of the benchmark that it belongs to: an archetype, a type, a subject. */
        String subset();

        DataRow data();
    }

    /**
     * A score that is reported.
     *
     * @param name of the values in {@link Outcome#values}
     * @param over all rows: how the subsets weigh
     * @param meaning in a few words, for the table
     */
    record Measure(String name, Mean over, String meaning) {}

    /** The task's name, which is also that of its README in the resources. */
    String name();

    /** Goes up with every change that moves scores; the README says which. */
    String version();

    List<R> rows();

    /** What is odd about the data though it can be evaluated, such as another number of rows than was published. */
    List<String> notes();

    /** What was chosen, for the record of the run. */
    ObjectNode settings();

    /** What to ask the model about a row; seeds are added by the evaluation. */
    List<Ask> asks(R row);

    /** What to ask the judge about a row, once the model has answered; none where rules suffice. */
    List<Question> questions(R row, Answers answers);

    /** What the row came to. */
    Outcome outcome(R row, Answers answers, Judgements judgements);

    /** What would have been right, as logs for people show it; empty where a row has nothing of the kind. */
    default String target(R row) {
        return "";
    }

    /** What was taken out of the reply and compared; empty where nothing was. */
    default Optional<String> extracted(Outcome outcome) {
        return Optional.empty();
    }

    /** The first is the benchmark's own score. */
    List<Measure> measures();

    /**
     * The score that sentences, first figures and verdicts go by.
     *
     * @param measure one of {@link #measures}
     * @param lowerIsBetter whether it counts what one does not want
     */
    record Headline(String measure, boolean lowerIsBetter) {
        /** "higher" or "lower", as scores.json has it. */
        String better() {
            return lowerIsBetter ? "lower" : "higher";
        }
    }

    /** Commonly the benchmark's own score. */
    default Headline headline() {
        return new Headline(measures().getFirst().name(), false);
    }

    /**
     * What a model gets that guesses.
     *
     * @param measure the share of rows that came out right
     * @param chance of each row; 0 where nothing can be guessed
     */
    record Guessing(String measure, double chance) {}

    /** For benchmarks of capability: one that the base model does not do better at than by guessing tells nothing of it. */
    default Optional<Guessing> guessing() {
        return Optional.empty();
    }

    /** The bound on an answer of the judge, where the user says nothing. */
    default int judgeTokens() {
        return ModelJudge.DEFAULT_TOKENS;
    }

    /** What else the user can do about a prompt that is too long, as an end of a sentence; empty where nothing. */
    default String shorter() {
        return "";
    }
}
