package candor.model;

import static org.assertj.core.api.Assertions.assertThat;

import candor.generate.Completion;
import candor.generate.FinishReason;
import candor.generate.Generator;
import candor.generate.Request;
import candor.generate.Sampling;
import candor.lora.AdapterBank;
import candor.ops.Batch;
import candor.ops.cpu.CpuBackend;
import candor.text.Tokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The token ids that transformers' greedy search gives, base and adapter, in one batch and alone. */
class GoldenGenerateTest {
    private static final int MOST_NEW = 24;

    /** A prompt in a slot, and what must come of it. */
    private record Expected(Request request, int[] tokens) {}

    @ParameterizedTest
    @MethodSource("candor.GoldenFolders#names")
    void tokensEqualTheReference(String name) throws IOException {
        try (GoldenCase golden = new GoldenCase(name);
                CpuBackend backend = new CpuBackend(2);
                CausalLm model = golden.castModel(backend, Recompute.NONE, 128)) {
            AdapterBank bank = new AdapterBank(golden.weights.config(), 2);
            bank.set(1, golden.adapter(backend, false));
            List<Expected> all = expected(golden);
            Tokenizer tokenizer = Tokenizer.load(golden.folder.resolve("model"));

            // Together, with small passes, so that prompts come in pieces while others talk already.
            try (Generator generator = new Generator(model, bank, tokenizer, new Generator.Settings(8, 11, 1 << 24))) {
                check(
                        all,
                        generator.generate(all.stream().map(Expected::request).toList()),
                        tokenizer);
            }
            // In another order, three at a time.
            Collections.reverse(all);
            try (Generator generator = new Generator(model, bank, tokenizer, new Generator.Settings(3, 512, 1 << 24))) {
                check(
                        all,
                        generator.generate(all.stream().map(Expected::request).toList()),
                        tokenizer);
            }
            // Each alone, in a cache that holds nothing of the others.
            for (Expected one : all) {
                try (Generator generator =
                        new Generator(model, bank, tokenizer, new Generator.Settings(1, 512, 1 << 24))) {
                    check(List.of(one), generator.generate(List.of(one.request())), tokenizer);
                }
            }
        }
    }

    private static void check(List<Expected> expected, List<Completion> got, Tokenizer tokenizer) {
        assertThat(got).hasSameSizeAs(expected);
        for (int i = 0; i < got.size(); i++) {
            int[] tokens = expected.get(i).tokens();
            assertThat(got.get(i).tokens()).as("row %d", i).containsExactly(tokens);
            boolean ended = expected.get(i).request().endTokens().contains(tokens[tokens.length - 1]);
            assertThat(got.get(i).reason()).isEqualTo(ended ? FinishReason.STOP : FinishReason.LENGTH);
            assertThat(ended || tokens.length == MOST_NEW).isTrue();
            assertThat(got.get(i).text()).isEqualTo(tokenizer.decode(tokens, true));
        }
    }

    private static List<Expected> expected(GoldenCase golden) throws IOException {
        JsonNode rows = JsonMapper.builder()
                .build()
                .readTree(golden.folder.resolve("generate.json").toFile());
        List<Expected> all = new ArrayList<>();
        List<Integer> ends = golden.weights.config().eosTokenIds();
        assertThat(ends).isNotEmpty();
        for (JsonNode row : rows) {
            int[] prompt = ints(row.get("prompt_ids"));
            Request bare = new Request(prompt, Batch.BASE, Sampling.GREEDY, 0, MOST_NEW, ends, List.of(), false);
            all.add(new Expected(bare, ints(row.get("base"))));
            all.add(new Expected(bare.withSlot(1), ints(row.get("adapter"))));
        }
        return all;
    }

    private static int[] ints(JsonNode list) {
        int[] values = new int[list.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = list.get(i).intValue();
        }
        return values;
    }
}
