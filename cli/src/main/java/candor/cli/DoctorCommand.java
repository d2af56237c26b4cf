package candor.cli;

import candor.bindings.NativeLibrary;
import candor.ops.cpu.CpuKernels;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.sun.management.OperatingSystemMXBean;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import jdk.incubator.vector.FloatVector;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Says what this machine has, and what to do about what is missing. Looks only; fails at nothing. */
@Command(name = "doctor", description = "What this machine has, and what to do about what is missing.")
final class DoctorCommand implements Callable<Integer> {
    private static final Path NVIDIA_DRIVER = Path.of("/proc/driver/nvidia/version");

    /** One line of the report; the advice is empty where nothing is missing. */
    private record Finding(String subject, String found, String advice) {
        Finding(String subject, String found) {
            this(subject, found, "");
        }
    }

    @Option(names = JsonOut.OPTION, description = "Prints it as JSON: a list of subject, found and advice.")
    private boolean json;

    @Override
    public Integer call() {
        if (json) {
            ArrayNode all = JsonNodeFactory.instance.arrayNode();
            findings().forEach(finding -> all.addObject()
                    .put("subject", finding.subject())
                    .put("found", finding.found())
                    .put("advice", finding.advice()));
            System.out.println(JsonOut.text(all));
            return ExitCode.DONE;
        }
        for (Finding finding : findings()) {
            System.out.printf("%-14s %s%n", finding.subject(), finding.found());
            if (!finding.advice().isEmpty()) {
                System.out.printf("%-14s → %s%n", "", finding.advice());
            }
        }
        return ExitCode.DONE;
    }

    private static List<Finding> findings() {
        List<Finding> all = new ArrayList<>(List.of(
                java(),
                system(),
                processors(),
                vectors(),
                kernels(),
                memory(),
                compiler(),
                gpuDriver(),
                cudaCompiler()));
        all.addAll(gpus());
        all.add(library(NativeLibrary.CUDA, "CUDA kernels"));
        all.add(library(NativeLibrary.EMULATED, "emulated CUDA"));
        return all;
    }

    private static Finding java() {
        return new Finding("Java", Runtime.version() + ", " + System.getProperty("java.home"));
    }

    private static Finding system() {
        return new Finding(
                "system",
                Stream.of("os.name", "os.version", "os.arch")
                        .map(System::getProperty)
                        .reduce((a, b) -> a + " " + b)
                        .orElseThrow());
    }

    private static Finding processors() {
        return new Finding("processors", String.valueOf(Runtime.getRuntime().availableProcessors()));
    }

    private static Finding vectors() {
        int bits = FloatVector.SPECIES_PREFERRED.vectorBitSize();
        return bits >= 256
                ? new Finding("vector width", bits + " bit")
                : new Finding("vector width", bits + " bit", "training on this processor will be slow");
    }

    private static Finding kernels() {
        CpuKernels kernels = CpuKernels.taken();
        return CpuKernels.missing().isEmpty()
                ? new Finding("CPU kernels", kernels.toString())
                : new Finding("CPU kernels", kernels + ": " + CpuKernels.missing());
    }

    private static Finding memory() {
        var system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        return new Finding(
                "memory",
                "%d MiB, %d MiB of it free; the Java heap may take %d MiB"
                        .formatted(
                                system.getTotalMemorySize() >> 20,
                                system.getFreeMemorySize() >> 20,
                                Runtime.getRuntime().maxMemory() >> 20));
    }

    private static Finding compiler() {
        return onPath("c++", "g++", "clang++")
                .map(path -> new Finding("C++ compiler", path.toString()))
                .orElse(new Finding("C++ compiler", "none", "not needed on the CPU"));
    }

    private static Finding gpuDriver() {
        try {
            return new Finding(
                    "NVIDIA driver", Files.readAllLines(NVIDIA_DRIVER).getFirst());
        } catch (IOException e) {
            return new Finding("NVIDIA driver", "none", "not needed on the CPU");
        }
    }

    private static Finding cudaCompiler() {
        return onPath("nvcc")
                .map(path -> new Finding("CUDA compiler", path.toString()))
                .orElse(new Finding("CUDA compiler", "none", "not needed on the CPU"));
    }

    private static List<Finding> gpus() {
        Gpus gpus = Gpus.find();
        return gpus.found().isEmpty()
                ? List.of(new Finding("GPU", "none: " + gpus.reason(), "not needed on the CPU"))
                : gpus.found().stream()
                        .map(gpu -> new Finding("GPU", gpu.description(), gpu.advice()))
                        .toList();
    }

    private static Finding library(NativeLibrary library, String subject) {
        return library.isThere()
                ? new Finding(subject, library.fileName())
                : new Finding(
                        subject, "none: no " + library.fileName(), "not needed on the CPU; else " + library.remedy());
    }

    private static Optional<Path> onPath(String... programs) {
        String[] folders = Optional.ofNullable(System.getenv("PATH")).orElse("").split(File.pathSeparator);
        return Arrays.stream(programs)
                .flatMap(program -> Arrays.stream(folders).map(folder -> Path.of(folder, program)))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
