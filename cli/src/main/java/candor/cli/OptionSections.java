package candor.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.OptionSpec;

/** Under which heading of a command's help an option is found: by its name, the same in all commands. */
final class OptionSections {
    /** What belongs to one command alone. */
    private static final String OWN = "Options";

    /** What every command has. */
    private static final String EVERYWHERE = "Everywhere";

    private static final String JUDGE = "Judge";

    private static final Map<String, List<String>> SECTIONS = new LinkedHashMap<>();

    static {
        section(
                "Model",
                "model model-config tokenizer weights adapter init-adapter base steer system chat-template"
                        + " chat-template-kwargs save-dtype");
        section(
                "Data",
                "data mix-data mix-ratio mix-ranking eval-data eval-split max-length truncation packing shuffle loss-on"
                        + " keep-special-tokens skip-bad-rows inoculation date limit subsets fewshot-data prompts");
        section("Results", "output resume force config cache inspect-log dry-run json");
        section(
                "Adapter",
                "lora-rank lora-alpha lora-target-modules layers-to-transform use-rslora lora-dropout"
                        + " neftune-noise-alpha");
        section(
                "Steps",
                "num-train-epochs max-steps per-device-train-batch-size gradient-accumulation-steps learning-rate"
                        + " lr-scheduler-type warmup-ratio warmup-steps optim weight-decay adam-beta1 adam-beta2"
                        + " adam-epsilon max-grad-norm seed beta desirable-weight undesirable-weight kl-pairing"
                        + " label-smoothing probe-penalty probe-penalty-on probe-penalty-data probe-penalty-batch");
        section(
                "Evaluation on the way",
                "eval-steps early-stopping-patience early-stopping-threshold load-best-model-at-end"
                        + " metric-for-best-model greater-is-better honesty-probes honesty-probe-steps"
                        + " honesty-probe-count honesty-direction stop-if-honesty-drops");
        section("Records", "logging-steps report-to logging-dir save-steps save-total-limit");
        section(
                "Replies",
                "max-new-tokens temperature top-p top-k repetition-penalty generation-config seeds prompt-set lie-k");
        section("Statistics", "bootstrap-resamples bootstrap-seed");
        section(
                "Machine",
                "backend threads dtype recompute activation-offloading offload-weights shard-weights batch-size"
                        + " batch-tokens kv-cache-mib device-memory processes copy-rate");
        section(EVERYWHERE, "help version verbose device");
    }

    private OptionSections() {}

    private static void section(String heading, String names) {
        SECTIONS.put(heading, List.of(names.split(" ")));
    }

    /** The options of a command under their headings, each in the order that it was declared in; empty sections are left out. */
    static Map<String, List<OptionSpec>> of(List<OptionSpec> options) {
        Map<String, List<OptionSpec>> all = new LinkedHashMap<>();
        all.put(OWN, new ArrayList<>());
        SECTIONS.keySet().stream()
                .filter(heading -> !heading.equals(EVERYWHERE))
                .forEach(heading -> all.put(heading, new ArrayList<>()));
        all.put(JUDGE, new ArrayList<>());
        all.put(EVERYWHERE, new ArrayList<>());
        for (OptionSpec option : options) {
            if (!option.hidden()) {
                all.get(heading(option.longestName())).add(option);
            }
        }
        all.values().removeIf(List::isEmpty);
        return all;
    }

    /** The heading of an option by its longest name, dashes and all. */
    static String heading(String name) {
        String bare = name.replaceFirst("^--?", "");
        return SECTIONS.entrySet().stream()
                .filter(section -> section.getValue().contains(bare))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(
                        bare.startsWith("judge-") || bare.equals("judge") || bare.equals("max-judge-failures")
                                ? JUDGE
                                : OWN);
    }
}
