package candor.data;

import static org.assertj.core.api.Assertions.assertThat;

import candor.data.Batcher.MicroBatches;
import candor.data.Batcher.Step;
import candor.data.read.RowReader;
import candor.ops.Batch;
import candor.text.ChatEncoder;
import candor.text.ChatTemplate;
import candor.text.SpecialTextPolicy;
import candor.text.Tokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** From train.jsonl to the first batch that TRL's trainers collated, with its padding removed. */
class GoldenBatchTest {
    private static final Path GOLDENS = Path.of(System.getProperty("candor.goldens"));
    private static final int NOT_LEARNT = -100;

    private static JsonNode run(String model, String kind) throws IOException {
        return new ObjectMapper()
                .readTree(
                        GOLDENS.resolve(model).resolve(kind).resolve("run.json").toFile());
    }

    private static Dataset dataset(String model, String kind, JsonNode settings) {
        Path folder = GOLDENS.resolve(model).resolve("model");
        ChatEncoder encoder = new ChatEncoder(
                Tokenizer.load(folder),
                ChatTemplate.load(folder, LocalDateTime.of(2026, 1, 1, 0, 0)),
                SpecialTextPolicy.REFUSE);
        Path data = GOLDENS.resolve(model).resolve(kind).resolve("train.jsonl");
        ExampleReader.Settings reading = new ExampleReader.Settings(
                kind.equals("kto") ? RowKind.LABELLED : RowKind.PLAIN, false, RowReader.DEFAULT_MAX_ROW_BYTES);
        try (ExampleReader reader = ExampleReader.open(List.of(data), reading)) {
            return Dataset.encode(
                    reader.iterator(),
                    new ChatRowEncoder(encoder, LossOn.COMPLETION),
                    new Dataset.Settings(
                            Truncation.TRL, settings.get("max_length").intValue(), false, 1, 2));
        }
    }

    private static Step firstStep(Dataset dataset, JsonNode settings) {
        return new Batcher(
                        dataset.lengths(),
                        new Batcher.Settings(
                                new MicroBatches.Rows(settings.get("per_device_train_batch_size")
                                        .intValue()),
                                settings.get("gradient_accumulation_steps").intValue(),
                                false,
                                0))
                .next();
    }

    /** Row i of a padded matrix, without the places that the mask leaves out. */
    private static int[] unpadded(JsonNode batch, String values, String mask, int i) {
        JsonNode row = batch.get(values).get(i);
        JsonNode real = batch.get(mask).get(i);
        return IntStream.range(0, row.size())
                .filter(t -> real.get(t).intValue() == 1)
                .map(t -> row.get(t).intValue())
                .toArray();
    }

    private static int[] marks(EncodedRow row) {
        return IntStream.range(0, row.length())
                .map(t -> row.target()[t] ? 1 : 0)
                .toArray();
    }

    @ParameterizedTest
    @MethodSource("candor.GoldenFolders#names")
    void sft(String model) throws IOException {
        JsonNode run = run(model, "sft");
        JsonNode golden = run.get("first_batch");
        Dataset dataset = dataset(model, "sft", run.get("settings"));
        assertThat(dataset.size()).isEqualTo(16);
        Step step = firstStep(dataset, run.get("settings"));
        assertThat(step.microBatches()).hasSize(2);
        List<EncodedRow> rows =
                step.microBatches().getFirst().stream().map(dataset::row).toList();
        assertThat(rows).hasSize(golden.get("input_ids").size());
        List<Integer> packedTargets = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            EncodedRow row = rows.get(i);
            int[] labels = unpadded(golden, "labels", "attention_mask", i);
            assertThat(row.ids()).isEqualTo(unpadded(golden, "input_ids", "attention_mask", i));
            assertThat(IntStream.range(0, row.length()).map(t -> row.target()[t] ? row.ids()[t] : NOT_LEARNT))
                    .containsExactly(Arrays.stream(labels).boxed().toArray(Integer[]::new));
            for (int t = 1; t <= labels.length; t++) {
                packedTargets.add(t == labels.length || labels[t] == NOT_LEARNT ? Batch.NO_TARGET : labels[t]);
            }
        }
        Batch batch = Packing.of(rows, 0);
        assertThat(IntStream.range(0, batch.tokenCount()).map(batch::target).boxed())
                .isEqualTo(packedTargets);
    }

    @ParameterizedTest
    @MethodSource("candor.GoldenFolders#names")
    void kto(String model) throws IOException {
        JsonNode run = run(model, "kto");
        JsonNode golden = run.get("first_batch");
        Dataset dataset = dataset(model, "kto", run.get("settings"));
        Step step = firstStep(dataset, run.get("settings"));
        int[] partners = KlPairing.TRL.partners(dataset.size(), 0).of(step);
        List<Integer> rows = step.rows();
        assertThat(rows).hasSize(golden.get("input_ids").size());
        for (int i = 0; i < rows.size(); i++) {
            EncodedRow row = dataset.row(rows.get(i));
            assertThat(row.label()).isEqualTo(golden.get("label").get(i).booleanValue());
            assertThat(row.ids()).isEqualTo(unpadded(golden, "input_ids", "attention_mask", i));
            assertThat(marks(row)).isEqualTo(unpadded(golden, "completion_mask", "attention_mask", i));
            EncodedRow pair = dataset.pair(rows.get(i), partners[i]);
            assertThat(pair.ids()).isEqualTo(unpadded(golden, "KL_input_ids", "KL_attention_mask", i));
            assertThat(marks(pair)).isEqualTo(unpadded(golden, "KL_completion_mask", "KL_attention_mask", i));
        }
    }
}
