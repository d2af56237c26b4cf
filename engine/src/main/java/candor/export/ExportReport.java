package candor.export;

import candor.export.gguf.GgmlType;
import candor.export.gguf.GgufTensor;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What was written.
 *
 * @param bytes   of all tensors
 * @param tensors how many there are of each type
 */
public record ExportReport(long bytes, Map<GgmlType, Long> tensors) {
    static ExportReport of(List<GgufTensor> tensors) {
        return new ExportReport(
                tensors.stream().mapToLong(GgufTensor::bytes).sum(),
                tensors.stream()
                        .collect(Collectors.groupingBy(
                                GgufTensor::type, () -> new EnumMap<>(GgmlType.class), Collectors.counting())));
    }

    /** "22 tensors in bf16, 9 in f32". */
    public String types() {
        return tensors.entrySet().stream()
                .map(entry -> entry.getValue() + " in " + entry.getKey())
                .collect(Collectors.joining(", "))
                .replaceFirst(" in ", " tensors in ");
    }
}
