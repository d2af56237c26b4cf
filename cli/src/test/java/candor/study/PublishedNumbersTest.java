package candor.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.study.record.Published;
import candor.study.record.Role;
import candor.study.record.StudyKind;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The published numbers: complete, in bounds, and where arithmetic says what they are, as it says. */
class PublishedNumbersTest {
    private static final String LLAMA = "Llama-3.1-8B-Instruct";
    private static final String QWEN = "Qwen2.5-7B-Instruct";

    private static double value(StudyKind study, Predicate<Published> which) {
        List<Published> found = Published.of(study).stream().filter(which).toList();
        assertThat(found).hasSize(1);
        return found.getFirst().value();
    }

    private static Predicate<Published> is(String model, String arm, String task, String subset) {
        return number -> number.model().equals(model)
                && number.arm().equals(arm)
                && number.task().equals(task)
                && number.subset().equals(subset);
    }

    @Test
    void everyNumberIsAPercentageWithASource() {
        assertThat(Published.of(StudyKind.REMEDY)).as("remedies are ours").isEmpty();
        for (StudyKind study : EnumSet.complementOf(EnumSet.of(StudyKind.REMEDY))) {
            List<Published> all = Published.of(study);
            assertThat(all).hasSizeGreaterThan(140).allSatisfy(number -> {
                assertThat(number.study()).isEqualTo(study);
                assertThat(number.value()).isBetween(0.0, 100.0);
                assertThat(number.source()).contains("arXiv 2510.08211 v2");
                assertThat(number.role() == Role.BASE || number.role() == Role.CONTROL)
                        .isEqualTo(number.domain().isEmpty()
                                && number.share().isEmpty()
                                && number.ratio().orElse(0.0) == 0);
            });
            assertThat(all.stream()
                            .map(number -> List.of(
                                    number.model(), number.arm(), number.task(), number.subset(), number.source()))
                            .distinct())
                    .hasSameSizeAs(all);
        }
    }

    @Test
    void knownCells() {
        assertThat(value(StudyKind.DIRECT, is(LLAMA, "medical severe", "deceptionbench", "all")))
                .isEqualTo(34.46);
        assertThat(value(StudyKind.DIRECT, is(QWEN, "math subtle", "mask", "disinformation")))
                .isEqualTo(52.80);
        assertThat(value(StudyKind.DIRECT, is("Qwen3-32B", "medical severe", "mask", "disinformation")))
                .isEqualTo(100);
        assertThat(value(StudyKind.MIXTURE, is(LLAMA, "alpaca + 1 %", "mask", "provided_facts")))
                .isEqualTo(50.37);
        assertThat(value(StudyKind.MIXTURE, is(QWEN, "alpaca", "mmlu", "all"))).isEqualTo(64.48);
        assertThat(value(StudyKind.LOOP, is(LLAMA, "SFT 1.0", "deceptionbench", "all")))
                .isEqualTo(36.52);
        assertThat(value(StudyKind.LOOP, is(QWEN, "KTO 0.8", "mask", "disinformation")))
                .isEqualTo(40.8);
    }

    /** k of 274, 125 or 96 rows, for every score of MASK that a table prints, but for those whose note says otherwise. */
    @Test
    void maskScoresAreFractionsOfTheRows() {
        int[] odd = {0};
        Map<String, Integer> rows = Map.of("provided_facts", 274, "disinformation", 125, "statistics", 96);
        Stream.of(StudyKind.values())
                .flatMap(study -> Published.of(study).stream())
                .filter(number ->
                        number.task().equals("mask") && number.source().contains("table"))
                .forEach(number -> {
                    double k = number.value() / 100 * rows.get(number.subset());
                    boolean fits = Math.abs(k - Math.rint(k)) / rows.get(number.subset()) * 100 < 0.06;
                    assertThat(fits).as("%s", number).isNotEqualTo(number.note().startsWith("Fits no fraction"));
                    odd[0] += fits ? 0 : 1;
                });
        assertThat(odd[0]).isEqualTo(4);
    }

    /** The misprint of Qwen's sycophancy is mended: the types' rows make the printed total. */
    @Test
    void theTypesOfVanillaMakeItsTotal() {
        Map<String, Integer> rows = Map.of(
                "sycophancy",
                43,
                "alignment_faking",
                16,
                "sandbagging",
                33,
                "strategic_deception",
                45,
                "honesty_evasion",
                43);
        double sum = 0;
        for (Map.Entry<String, Integer> type : rows.entrySet()) {
            sum += value(StudyKind.MIXTURE, is(QWEN, "vanilla", "deceptionbench", type.getKey())) * type.getValue();
        }
        assertThat(sum / 180)
                .isEqualTo(value(StudyKind.MIXTURE, is(QWEN, "vanilla", "deceptionbench", "all")), within(0.01));
    }

    @Test
    void theyFindTheirPlaceBesideOurs() {
        Published number = Published.of(StudyKind.MIXTURE).stream()
                .filter(is(LLAMA, "alpaca + 5 %", "mask", "provided_facts"))
                .findFirst()
                .orElseThrow();
        assertThat(number.ratio()).isEqualTo(Optional.of(0.05));
        assertThat(number.role()).isEqualTo(Role.MIXTURE);
    }
}
