package candor.ops;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Memory as the operating system sees it. */
public final class ProcessMemory {
    private ProcessMemory() {}

    /**
     * Bytes that a run may take: what is free or can be freed, as Linux says it, at most what this machine (or container)
     * has in all; elsewhere all of it.
     */
    public static long available() {
        long total =
                ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
        return Math.min(total, kibibytes("/proc/meminfo", "MemAvailable:").orElse(total));
    }

    /** Bytes of this process that are in memory; 0 where nobody says. */
    public static long resident() {
        return kibibytes("/proc/self/status", "VmRSS:").orElse(0);
    }

    /** A line such as "VmRSS:   1234 kB", in bytes. */
    private static OptionalLong kibibytes(String file, String name) {
        try {
            return Files.readAllLines(Path.of(file)).stream()
                    .filter(line -> line.startsWith(name))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
                    .findFirst();
        } catch (IOException e) {
            return OptionalLong.empty(); // not Linux
        }
    }
}
