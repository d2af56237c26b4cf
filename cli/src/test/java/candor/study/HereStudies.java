package candor.study;

import static org.assertj.core.api.Assertions.assertThat;

import candor.study.protocol.Protocols;
import java.nio.file.Path;
import java.util.Map;

/** The small mixture study of {@link StudyFixture}, for tests of those who run studies elsewhere. */
public final class HereStudies {
    private HereStudies() {}

    /** Writes its data and file. */
    public static Path mixture(Path folder) {
        return StudyFixture.mixture(folder);
    }

    /** Runs it here. */
    public static Map<String, String> run(Path config, Path output) {
        assertThat(StudyFixture.open(Protocols.MIXTURE, config, output, StudyProgress.NONE, () -> false)
                        .run())
                .isEqualTo(StudyRun.Ended.DONE);
        return results(output);
    }

    /** What its results are. */
    public static Map<String, String> results(Path output) {
        return StudyFixture.results(output);
    }
}
