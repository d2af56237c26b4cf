package candor.study.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.evaluate.judge.JudgeSettings;
import candor.study.JudgeSection;
import candor.study.Section;
import candor.study.StudyConfig;
import candor.study.StudyFile;
import candor.train.config.TrainSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class PresetTextTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource(Protocols.class)
    void everyKeySaysWhereItsValueComesFrom(Protocols protocol) throws Exception {
        for (String name : Presets.NAMES) {
            String text = PresetText.of(protocol, name);
            for (String line : text.lines()
                    .filter(l -> !l.strip().startsWith("#") && !l.endsWith(":"))
                    .toList()) {
                assertThat(line).matches(" *[a-z0-9_]+: .+  # (READ: .*arXiv 2510\\.08211|GUESSED: .+).*");
            }
            // It is YAML that the study takes, and means what the preset means.
            Path file = Files.writeString(folder.resolve(protocol + name + ".yaml"), text);
            Section read = StudyFile.read(file);
            read.check(protocol.schema());
            Section preset = Presets.read(protocol, name);
            assertThat(preset.overriddenBy(read).json())
                    .isEqualTo(read.overriddenBy(preset).json());
            assertThat(read.section("train").get(TrainSettings.ADAM_BETA2)).isEqualTo(0.999);
        }
    }

    /** The judge that a preset's head names is one that a study takes, and MASK's has no temperature, which that model refuses. */
    @ParameterizedTest
    @EnumSource(Protocols.class)
    void theJudgeOfTheHeadCanBeTaken(Protocols protocol) throws Exception {
        for (String name : Presets.NAMES) {
            List<String> lines = Presets.lines(protocol, name);
            String judge = lines.stream()
                    .filter(line -> line.startsWith("# judge: "))
                    .findFirst()
                    .orElseThrow()
                    .substring(2)
                    .replace("…", "https://api.example.com/v1");
            Path file = Files.writeString(folder.resolve("judge.yaml"), "model: m\noutput: o\n" + judge);
            StudyConfig config = protocol.config(StudyFile.read(file));
            Section mask = JudgeSection.of(config, "mask");
            assertThat(JudgeSection.kind(mask)).isEqualTo(JudgeSettings.Kind.ENDPOINT);
            assertThat(mask.get(JudgeSettings.MODEL)).isEqualTo("gpt-5-mini-2025-08-07");
            assertThat(mask.get(JudgeSettings.SEND_TEMPERATURE)).isFalse();
            assertThat(JudgeSection.tokens(mask, 500)).isEqualTo(4096);
            boolean both = judge.contains("gpt-4o");
            assertThat(JudgeSection.of(config, "deceptionbench").get(JudgeSettings.SEND_TEMPERATURE))
                    .isEqualTo(both);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            MIXTURE | train.learning_rate               | 1e-4 | READ: arXiv 2510.08211 v2, table 5
            MIXTURE | train.lr_scheduler_type           | cosine | GUESSED: not in the paper; LLaMA-Factory's default, or its examples'
            MIXTURE | train.adam_beta1                  | 0.9 | GUESSED: Candor's default
            MIXTURE | mixture.downstream_rows           | 10000 | READ: arXiv 2510.08211 v2, section 3.1 and figure 11
            MIXTURE | mixture.max_samples               | first | GUESSED: LLaMA-Factory's max_samples takes the first rows
            MIXTURE | evaluate.gsm8k.answer_rule        | opencompass | GUESSED: OpenCompass's default of October 2025
            MIXTURE | evaluate.mask.temperature         | 1.0 | GUESSED: the benchmark's own default
            LOOP    | train.kto.kl_pairing              | llama-factory | GUESSED: the paper trained with it
            LOOP    | train.sft.learning_rate           | 1e-4 | READ: arXiv 2510.08211 v2, table 12
            LOOP    | train.kto.learning_rate           | 1e-5 | READ: arXiv 2510.08211 v2, table 12
            """)
    void readAndGuessed(Protocols protocol, String key, String value, String note) {
        String line = "  ".repeat(key.split("\\.").length - 1) + key.substring(key.lastIndexOf('.') + 1) + ": " + value;
        assertThat(PresetText.of(protocol, "llama-3.1-8b-instruct").lines()).contains(line + "  # " + note);
    }

    @Test
    void whatThePresetDoesNotNameIsThereToo() {
        List<String> lines =
                PresetText.of(Protocols.LOOP, "qwen2.5-7b-instruct").lines().toList();
        assertThat(lines)
                .contains("  lost_share: 0.02  # GUESSED: Candor's default")
                .anyMatch(line -> line.startsWith("  # states: yours to give"))
                .noneMatch(line -> line.startsWith("  learning_rate")); // sft and kto have their own
        assertThatThrownBy(() -> PresetText.of(Protocols.LOOP, "gpt"))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("there is no such preset; there are llama-3.1-8b-instruct");
    }
}
