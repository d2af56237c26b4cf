package candor.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.evaluate.ask.Stopped;
import candor.study.protocol.Protocols;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two who want to do one group. */
class GroupPlaceTest {
    @TempDir
    private Path folder;

    @Test
    void theSecondWaitsForTheFirst() throws Exception {
        Path file = StudyFixture.mixture(folder);
        StudyConfig config = Protocols.MIXTURE.config(StudyFile.read(file));
        List<String> stages = new ArrayList<>();
        StudyProgress progress = new StudyProgress() {
            @Override
            public void stage(String name) {
                stages.add(name);
            }

            @Override
            public void at(String what, long done, long of) {}
        };
        int[] looks = {0};
        Workplace place =
                new Workplace(config, folder.resolve("data"), progress, Helpers.none(), () -> looks[0]++ >= 1);
        TrainGroup group = new TrainGroup(2, List.of());
        try (GroupPlace first = GroupPlace.take(place, group)) {
            first.finish("these settings");
            assertThatThrownBy(() -> GroupPlace.take(place, group)).isInstanceOf(Stopped.class);
            try (GroupPlace other = GroupPlace.take(place, new TrainGroup(1, List.of()))) {
                assertThat(other).isNotNull();
            }
        }
        assertThat(stages).containsExactly("waiting for another process that does group 2");
        assertThat(GroupPlace.isDone(config.output(), group, "these settings")).isTrue();
        assertThat(GroupPlace.isDone(config.output(), group, "others")).isFalse();
        try (GroupPlace again = GroupPlace.take(place, group)) {
            assertThat(again).isNotNull();
        }
        assertThat(Files.isRegularFile(config.output().resolve("groups/group-2.lock")))
                .isTrue();
    }
}
