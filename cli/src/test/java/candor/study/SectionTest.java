package candor.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.evaluate.benchmark.Benchmark;
import candor.evaluate.benchmark.Benchmarks;
import candor.evaluate.judge.JudgeSettings;
import candor.evaluate.judge.LoopbackServer;
import candor.study.protocol.Presets;
import candor.study.protocol.Protocols;
import candor.study.record.StudyKind;
import candor.text.TemplateChoice;
import candor.train.config.TrainSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files of studies, with errors planted in them. */
class SectionTest {
    private static final Consumer<String> NO_NOTES = note -> {
        throw new AssertionError(note);
    };

    @TempDir
    private Path folder;

    private Section read(String yaml) {
        return StudyFile.read(StudyFixture.write(folder.resolve("study.yaml"), yaml));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        model: m¶modle: n                        | line 2: modle: there is no such setting; did you mean model?
        trian: {learning_rate: 1}                | line 1: trian: there is no such section; did you mean train?
        train: {lerning_rate: 1}                 | line 1: train.lerning_rate: there is no such setting; did you mean learning_rate?
        train:¶  seed: 3                         | line 2: train.seed: there is no such setting
        train: 3                                 | line 1: train: is a section, keys and values of its own on the lines below it
        seeds: {a: 1}                            | line 1: seeds: must be a value or a list of values, not a section
        slots: many                              | line 1: slots: must be a whole number from 1 to 256, not many
        train:¶  learning_rate: -1               | line 2: learning_rate: must be a number from 0 up, not -1
        evaluate: {mask: {data: x, lie_k: 0}}    | line 1: lie_k: must be a whole number from 1 to 1000, not 0
        judge: {kind: oracle}                    | line 1: kind: must be one of rules, local, endpoint, not oracle
        model: [a, [b]]                          | line 1: model must be a value or a list of values
        model:                                   | line 1: model has no value
        model: a¶model: b                        | line 2: model appears twice
        a.b: 1                                   | line 1: a key must have letters and no dots, not \"a.b\"
        model: &x a¶output: *x                   | line 2: aliases are not supported; write the value itself
        model: a¶---¶model: b                    | holds more than one document
        - a                                      | must hold lines of the form key: value
        model: [a                                | cannot be read:
        """)
    void errorsNameTheirPlaceAndTheNearestKey(String yaml, String message) {
        assertThatThrownBy(() -> read(yaml.strip().replace('¶', '\n')).check(Protocols.DIRECT.schema()))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("study.yaml")
                .hasMessageContaining(message.strip())
                .satisfies(wrong -> assertThat(wrong.getMessage().lines()).hasSize(1));
    }

    @Test
    void flagsWinOverTheFileAndTheFileOverThePreset() {
        Section preset = Presets.read(Protocols.DIRECT, "llama-3.1-8b-instruct");
        Section all = preset.overriddenBy(read("train: {learning_rate: 2e-4, max_length: 64}"))
                .with("train.max_length=128", Protocols.DIRECT.schema(), NO_NOTES)
                .with("seeds=4,5", Protocols.DIRECT.schema(), NO_NOTES);
        all.check(Protocols.DIRECT.schema());
        Section train = all.section("train");
        assertThat(train.get(TrainSettings.LORA_RANK)).isEqualTo(32);
        assertThat(train.get(TrainSettings.LEARNING_RATE)).isEqualTo(2e-4);
        assertThat(train.get(TrainSettings.MAX_LENGTH)).isEqualTo(128);
        assertThat(all.get(StudyConfig.SEEDS)).isEqualTo(List.of("4", "5"));
        assertThatThrownBy(() -> all.with("train.max_length", Protocols.DIRECT.schema(), NO_NOTES))
                .hasMessage("--set train.max_length: must be KEY=VALUE, such as train.learning_rate=1e-4");
        assertThatThrownBy(() -> all.with("train.max_lenght=3", Protocols.DIRECT.schema(), NO_NOTES)
                        .check(Protocols.DIRECT.schema()))
                .hasMessage("--set: train.max_lenght: there is no such setting; did you mean max_length?");
        assertThatThrownBy(() -> all.with("train=3", Protocols.DIRECT.schema(), NO_NOTES))
                .hasMessage("--set: train is a section; give one of its keys as train.KEY");
    }

    /** What a template is told is keys and values in the file, and keeps its types: false is not "false". */
    @Test
    void aTemplateIsToldKeysAndValues() {
        Section all = read("train:\n  chat_template: qwen\n  chat_template_kwargs:\n    enable_thinking: false\n"
                + "evaluate: {chat_template_kwargs: {enable_thinking: false, mode: \"false\"}}");
        all.check(Protocols.DIRECT.schema());
        assertThat(all.section("train").get(TrainSettings.CHAT_TEMPLATE_KWARGS))
                .isEqualTo("{\"enable_thinking\":false}");
        Section set = all.with("evaluate.chat_template_kwargs={\"a\": 1}", Protocols.DIRECT.schema(), NO_NOTES);
        set.check(Protocols.DIRECT.schema());
        assertThat(set.section("evaluate").get(TrainSettings.CHAT_TEMPLATE_KWARGS))
                .isEqualTo("{\"a\":1}");
        StudyConfig config = StudyConfig.read(StudyKind.DIRECT, all.overriddenBy(read("model: m\noutput: o")));
        assertThat(config.template())
                .isEqualTo(new TemplateChoice("model", "{\"enable_thinking\":false,\"mode\":\"false\"}"));
        assertThat(config.template("loop")).isEqualTo(config.template());
        assertThatThrownBy(() -> read("evaluate: {chat_template_kwargs: off}").check(Protocols.DIRECT.schema()))
                .hasMessageContaining("chat_template_kwargs: must be a JSON object");
    }

    @Test
    void qwen3DoesNotThinkInAnyPresetOfIts() {
        for (Protocols kind : Protocols.values()) {
            Section preset = Presets.read(kind, "qwen3-32b");
            for (String name :
                    kind == Protocols.LOOP ? List.of("train", "evaluate", "loop") : List.of("train", "evaluate")) {
                assertThat(preset.section(name).get(TrainSettings.CHAT_TEMPLATE_KWARGS))
                        .as(kind + " " + name)
                        .isEqualTo("{\"enable_thinking\":false}");
            }
        }
    }

    @Test
    void everyPresetIsReadAndKnownToItsProtocol() {
        for (Protocols protocol : Protocols.values()) {
            for (String name : Presets.NAMES) {
                Presets.read(protocol, name).check(protocol.schema());
            }
        }
        assertThatThrownBy(() -> Presets.read(Protocols.DIRECT, "llama3"))
                .hasMessageStartingWith("preset llama3: there is no such preset; there are llama-3.1-8b-instruct, ");
    }

    @Test
    void whatIsMissingIsNamedWithWhatToGive() {
        assertThatThrownBy(() -> Protocols.DIRECT.config(read("seeds: [1]")))
                .hasMessage("output is missing: The study's folder. Give it in the YAML file, or as --set output=…");
        assertThatThrownBy(() -> Protocols.DIRECT.config(read("output: o\nmodel: m\nseeds: [1, 1]")))
                .hasMessageContaining("study.yaml, line 3: seeds: names a seed twice: [1, 1]");
        assertThatThrownBy(() -> Protocols.DIRECT.open(Protocols.DIRECT.config(read("output: o\nmodel: m"))))
                .hasMessageStartingWith("domains is missing: name at least one");
        assertThatThrownBy(() -> Protocols.DIRECT.open(
                        Protocols.DIRECT.config(read("output: o\nmodel: m\ndomains: {ships: nowhere}"))))
                .hasMessageContaining("study.yaml, line 3: domains.ships: nowhere/normal.jsonl: there is no such file");
        assertThatThrownBy(() -> Protocols.MIXTURE.open(Protocols.MIXTURE.config(
                        read("output: o\nmodel: m\nmixture: {downstream: d, misaligned: m, ratios: [0.1, 0.10]}"))))
                .hasMessageContaining("mixture.ratios: names a ratio twice");
        assertThatThrownBy(() -> Protocols.MIXTURE.open(Protocols.MIXTURE.config(
                        read("output: o\nmodel: m\nmixture: {downstream: d, misaligned: m, ratios: [0.1, -1]}"))))
                .hasMessageContaining("mixture.ratios: must be numbers above 0 and up to 10, not -1");
    }

    /** As the paper has it: one judge for MASK, another for DeceptionBench. */
    @Test
    void aBenchmarkMayHaveAJudgeOfItsOwn() {
        StudyConfig config = Protocols.DIRECT.config(read("""
            output: o
            model: m
            judge:
              kind: endpoint
              url: https://api.example.com/v1
              model: gpt-5-mini
              reasoning_effort: low
              deceptionbench: {model: gpt-4o, max_tokens: 900, max_failures: 0.1}
            """));
        Section mask = JudgeSection.of(config, "mask");
        Section deception = JudgeSection.of(config, "deceptionbench");
        assertThat(mask.get(JudgeSettings.MODEL)).isEqualTo("gpt-5-mini");
        assertThat(deception.get(JudgeSettings.MODEL)).isEqualTo("gpt-4o");
        assertThat(deception.get(JudgeSettings.URL)).isEqualTo("https://api.example.com/v1");
        assertThat(deception.get(JudgeSettings.MAX_FAILURES)).isEqualTo(0.1);
        assertThat(JudgeSection.tokens(mask, 500)).as("it reasons").isEqualTo(4096);
        assertThat(JudgeSection.tokens(deception, 1024)).isEqualTo(900);
        assertThatThrownBy(() -> Protocols.DIRECT.config(read("output: o\nmodel: m\njudge: {mmlu: {model: x}}")))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("judge.mmlu");
    }

    @Test
    void aBenchmarksJudgeOfAnotherKindStandsByItself() {
        StudyConfig config = Protocols.DIRECT.config(read("""
            output: o
            model: m
            judge:
              kind: endpoint
              url: https://api.example.com/v1
              model: gpt-4o
              mask: {kind: rules}
              behonest_unknowns: {kind: local}
              deceptionbench: {kind: endpoint, max_tokens: 900}
            """));
        assertThat(JudgeSection.kind(JudgeSection.of(config, "mask"))).isEqualTo(JudgeSettings.Kind.RULES);
        assertThat(JudgeSection.of(config, "deceptionbench").get(JudgeSettings.MODEL))
                .as("of the same kind")
                .isEqualTo("gpt-4o");
        assertThatThrownBy(() -> JudgeSection.kind(JudgeSection.of(config, "behonest_unknowns")))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith("judge.behonest_unknowns.model is missing");
    }

    /** Every judged benchmark may have one, and no other. */
    @Test
    void whoMayHaveAJudgeOfItsOwn() {
        assertThat(Protocols.DIRECT.schema().sections().get(StudyConfig.JUDGE).sections())
                .containsOnlyKeys(Benchmarks.all().stream()
                        .filter(Benchmark::judged)
                        .map(Benchmark::name)
                        .toList());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        {model: m}                              | judge.kind is missing: rules (for closed worlds alone), local
        {kind: rules, url: x}                   | judge.kind: rules go without url and model; remove them
        {kind: local}                           | judge.model is missing
        {kind: local, model: m, url: x}         | judge.url: belongs to kind endpoint; remove it
        {kind: endpoint, model: m}              | judge.url is missing
        {kind: endpoint, model: m, url: ftp}    | line 1: judge.kind: url is not an http or https URL
        {kind: endpoint, model: m, url: 'http://a', token_field: x} | judge.token_field: must be max_tokens or
        {kind: endpoint, model: m, url: 'http://a', max_cost: 1} | max_cost needs input_price and output_price, per million
        """)
    void aJudgeThatCannotBe(String judge, String message) {
        Section all = read("judge: " + judge + "\noutput: o\nmodel: m");
        StudyConfig config = Protocols.DIRECT.config(all);
        assertThatThrownBy(() -> JudgeSection.judge(
                        config.section("judge"),
                        section -> JudgeSection.chat(config, section, Helpers.none()),
                        null,
                        500))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining(message.strip());
    }

    /** What an endpoint says is told in a study's words: its keys, which are what the user can mend. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        400 Bad Request  | temperature must be 1 | check url and model m; send_temperature: false sends no temperature
        401 Unauthorized | who are you?          | is the variable that key_env names set to a valid one?
        """)
    void aRefusalNamesKeys(String status, String body, String message) throws Exception {
        try (LoopbackServer server =
                new LoopbackServer((n, request, out) -> LoopbackServer.respond(out, status, "", body))) {
            Section section = read("judge: {kind: endpoint, model: m, url: '" + server.url()
                            + "'}\noutput: o\nmodel: m")
                    .section("judge");
            assertThatThrownBy(() -> JudgeSection.probe(section))
                    .isInstanceOf(BadInput.class)
                    .hasMessageStartingWith("the judge does not answer: ")
                    .hasMessageContaining(message)
                    .hasMessageNotContaining("--");
        }
    }

    @Test
    void aBoundThatIsReachedNamesItsKey() throws Exception {
        try (LoopbackServer server = new LoopbackServer((n, request, out) -> LoopbackServer.say(out, "Yes"))) {
            Section section = read("judge: {kind: endpoint, model: m, url: '" + server.url()
                            + "', max_cost: 0.001, input_price: 100, output_price: 100}\noutput: o\nmodel: m")
                    .section("judge");
            assertThatThrownBy(() -> JudgeSection.probe(section))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining(" of max_cost 0.001")
                    .hasMessageNotContaining("--");
        }
    }
}
