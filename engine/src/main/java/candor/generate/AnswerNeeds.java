package candor.generate;

import candor.lora.AdapterBank;
import candor.model.CausalLm;
import candor.model.ModelConfig;
import candor.ops.BackendDescriptor;
import candor.ops.Backends;
import candor.ops.KvPages;
import candor.ops.Needs;
import candor.ops.PassShape;
import candor.ops.weight.PlainForm;
import candor.tensor.DType;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Memory that a model takes while it answers, before anything is taken: on the host, and on a device that has memory of its own.
 *
 * @param host   of this machine
 * @param device of the device; nothing where there is none in play
 */
public record AnswerNeeds(Needs host, Needs device) {
    /**
     * Who answers.
     *
     * @param bank      adapters with their shapes, memory or not; null for the base model
     * @param positions the longest prompt and reply together
     */
    public record Who(ModelConfig model, AdapterBank bank, int positions) {}

    /**
     * The needs of {@link Generator}.
     *
     * @param threads of the CPU backend; 0 for one per processor
     */
    public static AnswerNeeds of(Who who, Generator.Settings settings, BackendDescriptor backend, int threads) {
        ModelConfig model = who.model;
        DType type = backend.activations();
        boolean away = backend.copiesWeights();
        Map<String, Long> there = new LinkedHashMap<>();
        Map<String, Long> here = away ? new LinkedHashMap<>() : there;
        long packed = model.packedOnLoadBytes();
        if (packed > 0) {
            here.put("weights (packed)", packed);
        }
        if (away) {
            there.put("weights", model.weightBytes(PlainForm.of(type)));
            here.put("staging", Backends.stagingBytes());
        } else {
            here.put("weights (mapped)", model.weightBytes(model.form()) - packed);
            here.put("weights in panels", Backends.laidOutBytes(backend, model.elementsByForm()) / 2); // forward alone
        }
        int slots = who.bank == null ? 0 : who.bank.slots();
        PassShape pass = CausalLm.shape(
                model,
                who.bank,
                slots,
                settings.stepTokens(),
                settings.stepTokens(),
                settings.stepTokens(),
                who.positions,
                false);
        if (slots > 0) {
            there.put(
                    "adapters",
                    adapters(who.bank) + Backends.imageBytes(backend, pass, model.layers(), !plain(who.bank)));
        }
        there.put("keys and values", settings.cacheBytes());
        long tables = model.ropeBytes(Math.min(who.positions, model.maxPositionEmbeddings()));
        int tokens = settings.stepTokens();
        long replying = CausalLm.logitsBytes(type, model, who.bank, tokens, settings.sequences());
        // What is scored may have a target at every token but one; with one at each, the last layer wants nothing of
        // its own.
        long scoring = CausalLm.cachedBytes(type, model, who.bank, tokens, Math.max(tokens - 1, 1));
        there.put("activations", tables + Math.max(replying, scoring));
        long pages = Math.min(
                settings.cacheBytes() / (KvCache.bytesPerToken(model, type) * KvPages.TOKENS) + settings.sequences(),
                (long) settings.sequences() * KvPages.count(who.positions));
        there.put(
                "scratch",
                Backends.scratchBytes(backend, threads, pass)
                        + Backends.paddingBytes(backend, model.tensorCount(), model.packing() != null)
                        + Backends.tableBytes(backend, model.layers(), settings.sequences(), pages));
        // A row of them, and on a processor what each thread keeps as it chooses a token: weights and candidates.
        int choosing = away
                ? 0
                : Math.min(
                        settings.sequences(),
                        threads > 0 ? threads : Runtime.getRuntime().availableProcessors());
        here.put("logits", (long) model.vocabSize() * (DType.F32.bytes() + choosing * 2L * Long.BYTES));
        return new AnswerNeeds(new Needs(here), away ? new Needs(there) : Needs.NONE);
    }

    /** Whether no adapter has more than factors, so that layers of one input are always computed together. */
    private static boolean plain(AdapterBank bank) {
        return IntStream.range(0, bank.slots())
                .allMatch(slot ->
                        bank.get(slot) == null || bank.get(slot).extras().isNone());
    }

    private static long adapters(AdapterBank bank) {
        long bytes = 0;
        for (int slot = 0; slot < bank.slots(); slot++) {
            bytes += bank.get(slot) == null ? 0 : bank.get(slot).layout().bytes();
        }
        return bytes;
    }
}
