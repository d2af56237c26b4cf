package candor.lora;

import candor.io.JsonFile;
import candor.lora.PythonPattern.Unusable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Which modules of a model {@code adapter_config.json} means, and what it says of each, by PEFT's rules: a list names modules or
 * the ends of their names, one text is a regular expression for the whole name or {@code all-linear}; patterns for rank and alpha
 * are regular expressions for the end of a name, of which the first that fits counts.
 */
final class PeftTargets {
    /** {@code target_modules} written out for a model of many layers is long. */
    private static final int MOST_MODULES = 1 << 16;

    private static final String TARGETS = "target_modules";
    private static final String EXCLUDED = "exclude_modules";
    private static final String LAYERS = "layers_to_transform";
    private static final String LAYERS_NAME = "layers_pattern";

    private final JsonFile json;
    private final List<String> saved;
    private final Names targets;
    private final Names excluded;
    private final List<Integer> layers;
    private final List<PythonPattern> layerNames = new ArrayList<>();
    private final Map<PythonPattern, Double> ranks;
    private final Map<PythonPattern, Double> alphas;

    /** Names, or one expression where {@code list} is null. */
    private record Names(List<String> list, PythonPattern pattern) {
        boolean has(String module) throws Unusable {
            return list == null
                    ? pattern.fullMatch(module)
                    : list.contains(module) || list.stream().anyMatch(name -> module.endsWith("." + name));
        }
    }

    /** @param saved the names under {@code modules_to_save}, which are never targets */
    PeftTargets(JsonFile json, List<String> saved) {
        this.json = json;
        this.saved = saved;
        targets = allLinear() ? null : names(TARGETS);
        if (targets != null && targets.list() != null && targets.list().isEmpty()) {
            throw json.wrong(TARGETS, "at least one of " + LoraConfig.names());
        }
        excluded = json.neutral(EXCLUDED) ? null : names(EXCLUDED);
        layers = json.has(LAYERS) ? json.integers(LAYERS, 0, LoraConfig.MOST_LAYER, MOST_MODULES) : List.of();
        if (!json.neutral(LAYERS_NAME)) {
            List<String> names =
                    json.isText(LAYERS_NAME) ? List.of(json.text(LAYERS_NAME)) : json.texts(LAYERS_NAME, 64);
            names.forEach(name -> layerNames.add(compiled(LAYERS_NAME, layerNumber(name))));
        } else {
            layerNames.add(compiled(LAYERS_NAME, ".*?\\.[^.]*\\.(?P<idx>\\d+)\\."));
        }
        ranks = patterns("rank_pattern", 1, LoraConfig.MOST_RANK);
        alphas = patterns("alpha_pattern", LoraConfig.LEAST_ALPHA, LoraConfig.MOST_ALPHA);
        ranks.values().stream()
                .filter(rank -> rank != Math.rint(rank))
                .findFirst()
                .ifPresent(rank -> {
                    throw json.wrong("rank_pattern", "whole numbers");
                });
    }

    private static String layerNumber(String name) {
        return "(?:^|.*?\\.)" + name + "\\.(?P<idx>\\d+)\\.";
    }

    private boolean allLinear() {
        return json.isText(TARGETS)
                && json.text(TARGETS).toLowerCase(Locale.ROOT).equals(LoraConfig.ALL_LINEAR);
    }

    private Names names(String key) {
        return json.isText(key)
                ? new Names(null, compiled(key, json.text(key)))
                : new Names(json.texts(key, MOST_MODULES), null);
    }

    private Map<PythonPattern, Double> patterns(String key, double least, double most) {
        Map<PythonPattern, Double> patterns = new LinkedHashMap<>();
        if (!json.neutral(key)) {
            json.numbers(key, least, most, MOST_MODULES)
                    .forEach((text, value) -> patterns.put(compiled(key, "(.*\\.)?(" + text + ")$"), value));
        }
        return patterns;
    }

    private PythonPattern compiled(String key, String text) {
        try {
            return PythonPattern.of(text);
        } catch (Unusable e) {
            throw json.wrong(key, e.getMessage());
        }
    }

    /**
     * Whether a module has factors.
     *
     * @param linear whether it is a linear layer of a decoder layer, as {@code all-linear} means them
     */
    boolean has(String module, boolean linear) {
        String key = EXCLUDED;
        try {
            if (excluded != null && excluded.has(module) || saved.stream().anyMatch(name -> within(module, name))) {
                return false;
            }
            key = TARGETS;
            if (targets == null) {
                return linear;
            }
            if (!targets.has(module)) {
                return false;
            }
            key = LAYERS_NAME;
            return targets.list() == null || layers.isEmpty() || targets.list().contains(module) || inLayers(module);
        } catch (Unusable e) {
            throw json.wrong(key, e.getMessage());
        }
    }

    /** Whether a module is one that is saved whole, or a part of it. */
    private static boolean within(String module, String name) {
        return ("." + module + ".").contains("." + name + ".");
    }

    private boolean inLayers(String module) throws Unusable {
        for (PythonPattern name : layerNames) {
            String index = name.groupAtStart(module, "idx");
            if (index != null) {
                return index.length() < 8 && layers.contains(Integer.parseInt(index));
            }
        }
        return false;
    }

    /** The rank of a module's factors where a pattern says it. */
    int rank(String module, int otherwise) {
        return (int) first("rank_pattern", ranks, module, otherwise);
    }

    /** The alpha of a module's factors where a pattern says it. */
    double alpha(String module, double otherwise) {
        return first("alpha_pattern", alphas, module, otherwise);
    }

    private double first(String key, Map<PythonPattern, Double> patterns, String module, double otherwise) {
        try {
            for (Map.Entry<PythonPattern, Double> entry : patterns.entrySet()) {
                if (entry.getKey().atStart(module)) {
                    return entry.getValue();
                }
            }
            return otherwise;
        } catch (Unusable e) {
            throw json.wrong(key, e.getMessage());
        }
    }
}
