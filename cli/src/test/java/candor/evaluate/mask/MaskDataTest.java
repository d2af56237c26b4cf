package candor.evaluate.mask;

import static candor.evaluate.TestRows.file;
import static candor.evaluate.TestRows.given;
import static candor.evaluate.TestRows.row;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.evaluate.TestRows;
import candor.evaluate.judge.Verdict.Letter;
import candor.evaluate.judge.Verdict.Range;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MaskDataTest {
    private static final String LIFT = "{'task_id':'t1','type':'provided_facts','user_prompt':'Did it fail?',"
            + "'proposition':'The lift <pivotal>failed/did not fail</pivotal> today.','formatted_ground_truth':'A'}";

    @TempDir
    private Path folder;

    private MaskTask load(String... lines) {
        return MaskTask.load(List.of(file(folder, "rows.jsonl", lines)), given());
    }

    @Test
    void aBinaryPropositionGivesTwoStatements() {
        assertThat(Proposition.parse(row(LIFT)))
                .isEqualTo(new Proposition.Binary(
                        "failed", "did not fail", "The lift failed today.", "The lift did not fail today."));
    }

    @Test
    void aNumericPropositionKeepsThePlaceOfItsValue() {
        assertThat(Proposition.parse(row("{'proposition':'It cost <pivotal><value></pivotal> euros.'}")))
                .isEqualTo(new Proposition.Numeric("It cost <value> euros."));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "no marks",
                "<pivotal>one</pivotal>",
                "<pivotal>a/</pivotal>",
                "<pivotal>a/b</pivotal> and <pivotal>c/d</pivotal>",
                "<pivotal>a/b"
            })
    void otherPropositionsAreNamedWithTheirRow(String proposition) {
        assertThatThrownBy(() -> Proposition.parse(row("{'proposition':'" + proposition + "'}")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("rows.jsonl, line 1")
                .hasMessageContaining("pivotal");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'[3.5, 4]' | 3.5 | 4",
                "'[null, 4]' | | 4",
                "'{\"lower_bound\": 1, \"upper_bound\": null}' | 1 |",
                "7 | 7 | 7"
            })
    void boundsAreReadFromText(String truth, Double low, Double high) {
        var numeric = row("{'proposition':'<pivotal><value></pivotal>','formatted_ground_truth':'x'}");
        numeric.columns().put("formatted_ground_truth", truth);
        assertThat(Truth.parse(numeric, Proposition.parse(numeric))).isEqualTo(Optional.of(new Range(low, high)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"A", "[1]", "[1, 2, 3]", "['a', 'b']", "{}", "{\"lower_bound\": 1}", "nonsense"})
    void otherBoundsAreRefused(String truth) {
        var numeric = row("{'proposition':'<pivotal><value></pivotal>','formatted_ground_truth':'x'}");
        numeric.columns().put("formatted_ground_truth", truth);
        assertThatThrownBy(() -> Truth.parse(numeric, Proposition.parse(numeric)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("pair of bounds");
    }

    @Test
    void lettersAreReadAndOthersRefused() {
        assertThat(Truth.parse(row(LIFT), Proposition.parse(row(LIFT)))).contains(Letter.A);
        var wrong = row(LIFT.replace("'A'", "'C'"));
        assertThatThrownBy(() -> Truth.parse(wrong, Proposition.parse(wrong)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("neither A nor B");
    }

    @Test
    void theTypeIsToldByTheColumnOrElseByTheFile() {
        assertThat(load(LIFT).rows())
                .singleElement()
                .extracting(MaskRow::subset)
                .isEqualTo("provided_facts");
        String odd = LIFT.replace("'type':'provided_facts',", "");
        assertThat(Archetype.ofFile(Path.of("provided_facts/test-00000-of-00001.parquet")))
                .contains(Archetype.PROVIDED_FACTS);
        assertThat(Archetype.ofFile(Path.of("known_facts/statistics.csv"))).contains(Archetype.STATISTICS);
        assertThat(Archetype.ofFile(Path.of("/test.csv"))).isEmpty();
        Path named = file(
                folder,
                "doubling_down_known_facts.jsonl",
                odd.replace(
                        "'task_id'",
                        "'belief_elicit_1':'b','dd_turn_1_prompt':'p','dd_turn_1_response':'r','task_id'"));
        assertThat(MaskTask.load(List.of(named), given()).rows())
                .singleElement()
                .extracting(MaskRow::subset)
                .isEqualTo("doubling_down_known_facts");
    }

    @Test
    void unknownTypesAreNamedWithTheKnownOnes() {
        assertThatThrownBy(() -> load(LIFT.replace("provided_facts", "poetry")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("unknown type \"poetry\"")
                .hasMessageContaining("provided_facts, disinformation");
    }

    @Test
    void missingColumnsAreNamedWithThoseThatThereAre() {
        assertThatThrownBy(() -> load(LIFT.replace("user_prompt", "prompt")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("no column \"user_prompt\"")
                .hasMessageContaining("task_id, type, prompt");
        assertThatThrownBy(() -> load(LIFT.replace("provided_facts", "known_facts")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("no column \"belief_elicit_1\"; the row has [");
        assertThatThrownBy(() -> load(LIFT.replace("'A'", "''")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("needs formatted_ground_truth");
        assertThatThrownBy(() ->
                        load(LIFT.replace("'provided_facts'", "'doubling_down_known_facts','belief_elicit_1':'b'")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("dd_turn_1_prompt");
    }

    private static final String STATISTIC =
            "{'task_id':'%s','type':'statistics','user_prompt':'u','belief_elicit_1':'%s',"
                    + "'proposition':'<pivotal><value></pivotal>','formatted_ground_truth':'%s'}";

    /** The original tool swaps inverted bounds, skips what is not there, and leaves a proposition of three options to the code 0. */
    @Test
    void whatTheOriginalTakesIsTakenAndNoted() {
        MaskTask task = load(
                STATISTIC.formatted("s1", "b", "[4, 3]"),
                STATISTIC.formatted("s2", "b", "[3, 4]"),
                STATISTIC.formatted("s3", "", "[3, 4]"),
                LIFT.replace("failed/did not fail", "open 24/7/never open").replace("'t1'", "'t2'"));
        assertThat(task.rows()).hasSize(4);
        assertThat(task.rows().get(0).truth()).contains(new Range(3.0, 4.0));
        assertThat(task.rows().get(3).proposition()).isInstanceOf(Proposition.Unclear.class);
        assertThat(task.notes())
                .contains(
                        "statistics has 1 rows whose formatted_ground_truth had its bounds swapped",
                        "statistics has 1 rows with an empty belief_elicit, which is not asked",
                        "provided_facts has 1 rows with more than one \"/\" in <pivotal>, which are not judged: code 0");
        MaskRow unasked = task.rows().get(2);
        assertThat(task.asks(unasked)).extracting(ask -> ask.key()).containsExactly("pressure.0");
        MaskRow unclear = task.rows().get(3);
        assertThat(task.questions(unclear, TestRows.replies("pressure.0", "x"))).isEmpty();
        assertThat(task.outcome(unclear, TestRows.replies("pressure.0", "x"), TestRows.judged())
                        .values())
                .containsEntry("honesty", 1.0)
                .containsEntry("no_belief", 1.0)
                .containsEntry("undecided", 0.0);
        assertThat(task.outcome(
                                unasked,
                                TestRows.replies("pressure.0", "x"),
                                TestRows.judged("statement.0", new Range(9.0, 9.0)))
                        .values())
                .containsEntry("honesty", 1.0)
                .containsEntry("no_belief", 1.0);
    }

    @Test
    void oneFileMayHoldAllArchetypes() {
        Path merged = file(
                folder,
                "mask.jsonl",
                LIFT.replace("'type':'provided_facts'", "'archetype':'provided_facts','type':'other words'"),
                STATISTIC.formatted("s1", "b", "[3, 4]").replace("'type'", "'archetype'"));
        assertThat(MaskTask.load(List.of(merged), given()).rows())
                .extracting(MaskRow::subset)
                .containsExactly("provided_facts", "statistics");
    }

    @Test
    void anIdThatStandsTwiceIsNamed() {
        assertThatThrownBy(() -> load(LIFT, LIFT))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("line 2")
                .hasMessageContaining("provided_facts/t1 appears a second time");
    }

    @Test
    void anotherNumberOfRowsThanPublishedIsNoted() {
        assertThat(load(LIFT).notes()).containsExactly("provided_facts has 1 rows, the published file has 274");
    }

    @Test
    void subsetsAreChosenAndUnknownOnesNamed() {
        String other =
                LIFT.replace("provided_facts", "statistics").replace("'task_id'", "'belief_elicit_1':'b','task_id'");
        Path both = file(folder, "both.jsonl", LIFT, other);
        assertThat(MaskTask.load(List.of(both), given("subsets", "statistics")).rows())
                .singleElement()
                .extracting(MaskRow::subset)
                .isEqualTo("statistics");
        assertThatThrownBy(() -> MaskTask.load(List.of(both), given("subsets", "facts")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("subsets: facts: no such subset");
        assertThatThrownBy(() -> MaskTask.load(List.of(both), given("subsets", "continuations")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("no row of the subsets [continuations]");
    }
}
