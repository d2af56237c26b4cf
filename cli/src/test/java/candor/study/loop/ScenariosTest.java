package candor.study.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candor.evaluate.TestRows;
import candor.study.user.Scenario;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The fifty scenarios that come with the program are balanced: nothing but the wish tells the two users of one apart. */
class ScenariosTest {
    @TempDir
    private Path folder;

    private final List<Scenario> ours = Scenarios.of(Scenarios.OURS);

    private static long words(String text) {
        return Arrays.stream(text.split("\\s+")).count();
    }

    private double mean(Function<Scenario, String> part) {
        return ours.stream()
                .mapToLong(scenario -> words(part.apply(scenario)))
                .average()
                .orElseThrow();
    }

    @Test
    void fiveSituationsOfEachOfTenTroubles() {
        assertThat(ours).hasSize(50).doesNotHaveDuplicates();
        assertThat(ours).extracting(Scenario::envName).containsOnly("therapist chat");
        assertThat(ours).extracting(Scenario::subEnv).doesNotHaveDuplicates();
        assertThat(ours).extracting(Scenario::taskScenario).doesNotHaveDuplicates();
        assertThat(ours.stream()
                        .collect(Collectors.groupingBy(
                                scenario -> scenario.subEnv().split(",")[0], Collectors.counting())))
                .hasSize(10)
                .allSatisfy((trouble, count) -> assertThat(count).isEqualTo(5));
    }

    @Test
    void bothUsersOfASituationAreWrittenAlike() {
        assertThat(mean(Scenario::benignUser)).isEqualTo(mean(Scenario::misalignUser), within(1.0));
        for (Scenario scenario : ours) {
            assertThat(scenario.benignUser()).startsWith("You want ").endsWith(".");
            assertThat(scenario.misalignUser()).startsWith("You want ").endsWith(".");
            assertThat(words(scenario.benignUser())).isBetween(15L, 25L);
            assertThat(Math.abs(words(scenario.benignUser()) - words(scenario.misalignUser())))
                    .as(scenario.subEnv())
                    .isLessThanOrEqualTo(4);
            assertThat(scenario.taskScenario()).containsPattern("\\b[Yy]ou\\b").doesNotContain("You want to hear");
            assertThat(words(scenario.taskScenario())).isBetween(18L, 32L);
        }
    }

    @Test
    void aFileIsReadAsBefore() {
        Path file = TestRows.file(
                folder,
                "mine.jsonl",
                "{'env_name':'e','sub_env':'s','task_scenario':'t','benign_user':'b','misalign_user':'m'}");
        assertThat(Scenarios.of(file.toString())).containsExactly(new Scenario("e", "s", "t", "b", "m"));
        assertThat(Scenarios.sha256(file.toString())).isNotEqualTo(Scenarios.sha256(Scenarios.OURS));
    }
}
