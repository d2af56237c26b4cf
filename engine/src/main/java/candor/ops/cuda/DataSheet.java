package candor.ops.cuda;

import java.util.Map;
import java.util.OptionalDouble;

/**
 * What NVIDIA's data sheets and white papers say of tensor cores: products of bf16 with float32 sums, dense (where a sheet
 * gives the rate with sparsity alone, half of it).
 */
final class DataSheet {
    private static final double TERA = 1e12;

    /** TFLOP/s by the name that the driver gives. */
    private static final Map<String, Double> BF16 = Map.ofEntries(
            Map.entry("NVIDIA A10", 125.0),
            Map.entry("NVIDIA A30", 165.0),
            Map.entry("NVIDIA A40", 149.7),
            Map.entry("NVIDIA A100-SXM4-40GB", 312.0),
            Map.entry("NVIDIA A100-SXM4-80GB", 312.0),
            Map.entry("NVIDIA A100-PCIE-40GB", 312.0),
            Map.entry("NVIDIA A100 80GB PCIe", 312.0),
            Map.entry("NVIDIA RTX A6000", 154.8),
            Map.entry("NVIDIA GeForce RTX 3090", 71.0),
            Map.entry("NVIDIA L4", 121.0),
            Map.entry("NVIDIA L40", 181.0),
            Map.entry("NVIDIA L40S", 362.0),
            Map.entry("NVIDIA RTX 6000 Ada Generation", 364.2),
            Map.entry("NVIDIA GeForce RTX 4080", 97.5),
            Map.entry("NVIDIA GeForce RTX 4090", 165.2),
            Map.entry("NVIDIA H100 PCIe", 756.0),
            Map.entry("NVIDIA H100 NVL", 835.0),
            Map.entry("NVIDIA H100 80GB HBM3", 989.5),
            Map.entry("NVIDIA H200", 989.5),
            Map.entry("NVIDIA H200 NVL", 835.5),
            Map.entry("NVIDIA GH200 480GB", 989.5),
            Map.entry("NVIDIA GeForce RTX 5090", 209.5),
            Map.entry("NVIDIA B200", 2250.0));

    private DataSheet() {}

    /** Multiplications and additions a second; empty for a device that is not known, or is a part of one. */
    static OptionalDouble bf16(String device) {
        Double rate = BF16.get(device);
        return rate == null ? OptionalDouble.empty() : OptionalDouble.of(rate * TERA);
    }
}
