/*
 * Control groups in folders of our own: what /proc and the hierarchies hold is written
 * there, as machines, containers and name spaces show it.
 */
#include <math.h>

#include "fds.h"
#include "sys/cgroup.h"
#include "tap.h"
#include "tempdir.h"

#define V2                                                                               \
    "41 31 0:38 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
#define OTHERS                                                                           \
    "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"                                     \
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"                         \
    "33 31 0:30 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct\n"                \
    "34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
#define V1 "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
#define HYBRID OTHERS V1 "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"

#define NO_LIMIT ((double)INFINITY)

/* A file somewhere below the folder, and all folders on its way. */
static void put(const char *name, const char *text)
{
    char partial[192];
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(partial, sizeof(partial), "%.*s", (int)(slash - name), name);
        mkdir(tempdir_path(partial), 0700);
    }
    tempdir_write(name, text, strlen(text), 0600);
}

/* A new folder with these two files of /proc/self; its name is kept for what follows. */
static char machine[16];

static void begin(const char *cgroup, const char *mountinfo)
{
    static int number;
    char name[64];
    snprintf(machine, sizeof(machine), "m%d", ++number);
    mkdir(tempdir_path(machine), 0700);
    snprintf(name, sizeof(name), "%s/proc/self/cgroup", machine);
    if (cgroup)
        put(name, cgroup);
    snprintf(name, sizeof(name), "%s/proc/self/mountinfo", machine);
    if (mountinfo)
        put(name, mountinfo);
}

static void with(const char *name, const char *text)
{
    char path[192];
    snprintf(path, sizeof(path), "%s/%s", machine, name);
    put(path, text);
}

static void first(const char *group, const char *quota, const char *period)
{
    char path[128];
    snprintf(path, sizeof(path), "sys/fs/cgroup/cpu%s/cpu.cfs_quota_us", group);
    with(path, quota);
    snprintf(path, sizeof(path), "sys/fs/cgroup/cpu%s/cpu.cfs_period_us", group);
    with(path, period);
}

static void limit_is(double expected, const char *what)
{
    int before = fds_count();
    double got = cgroup_cpu_limit(tempdir_path(machine));
    bool good = isinf(expected) ? isinf(got) && got > 0 : fabs(got - expected) < 1e-12;
    if (!TAP_OK(good && fds_count() == before, "%s", what))
        printf("# got %g, expected %g; %d descriptors, then %d\n", got, expected, before,
               fds_count());
}

static void found_is(const char *path, bool second, const char *what)
{
    struct cgroup cgroup;
    const char *root = tempdir_path(machine);
    bool found = cgroup_find_cpu(root, &cgroup);
    bool good = found && strncmp(cgroup.path, root, strlen(root)) == 0 &&
                strcmp(cgroup.path + strlen(root), path) == 0 && cgroup.second == second;
    if (!TAP_OK(good, "%s", what))
        printf("# got %s in %s\n", found ? cgroup.path : "nothing", root);
}

static void second_hierarchy(void)
{
    begin("0::/\n", V2);
    limit_is(NO_LIMIT, "the root group has no cpu.max");
    found_is("/sys/fs/cgroup", true, "… and is the mount point");
    with("sys/fs/cgroup/cpu.max", "150000 100000\n");
    limit_is(1.5, "that of a container's name space has");
    begin("0::/a.slice/b.service\n", OTHERS V2);
    with("sys/fs/cgroup/a.slice/b.service/cpu.max", "max 100000\n");
    limit_is(NO_LIMIT, "max is no limit");
    found_is("/sys/fs/cgroup/a.slice/b.service", true, "… of a service");
    with("sys/fs/cgroup/a.slice/b.service/cpu.max", "20000 10000\n");
    limit_is(2, "a quota is counted in its own period");
    with("sys/fs/cgroup/a.slice/cpu.max", "300000 100000\n");
    limit_is(2, "a wider one above changes nothing");
    with("sys/fs/cgroup/a.slice/cpu.max", "50000 100000\n");
    limit_is(.5, "a narrower one above counts");
    with("sys/fs/cgroup/cpu.max", "25000 100000\n");
    limit_is(.25, "… up to the mount point");
    with("sys/fs/cpu.max", "1000 100000\n");
    limit_is(.25, "… and no further");
    begin("0::/a/b/c/d\n", V2);
    with("sys/fs/cgroup/a/cpu.max", "70000 100000\n");
    limit_is(.7, "groups whose folders are not to be seen are passed");
}

static void first_hierarchy(void)
{
    begin("9:name=systemd:/x\n2:cpuacct:/other\n1:cpu:/a/b\n0::/c\n", HYBRID);
    first("/a/b", "-1\n", "100000\n");
    limit_is(NO_LIMIT, "v1: -1 is no limit");
    found_is("/sys/fs/cgroup/cpu/a/b", false, "… of the group of the cpu controller");
    first("/a/b", "250000\n", "100000\n");
    limit_is(2.5, "v1: a quota");
    first("/a", "60000\n", "50000\n");
    limit_is(1.2, "v1: a narrower one above");
    with("sys/fs/cgroup/unified/c/cpu.max", "1000 100000\n");
    with("sys/fs/cgroup/cpuacct/other/cpu.cfs_quota_us", "1000\n");
    with("sys/fs/cgroup/cpuacct/other/cpu.cfs_period_us", "100000\n");
    limit_is(1.2, "v1: where the controller is not, nothing counts");
    begin("0::/c\n1:cpu:/a/b\n", HYBRID);
    first("/a/b", "250000\n", "100000\n");
    limit_is(2.5, "v1: in whatever order");
    begin("4:cpu,cpuacct:/a\n",
          OTHERS "32 31 0:29 / /sys/fs/cgroup/both rw - cgroup cgroup "
                 "rw,cpuacct,cpu\n");
    with("sys/fs/cgroup/both/a/cpu.cfs_quota_us", "30000\n");
    with("sys/fs/cgroup/both/a/cpu.cfs_period_us", "100000\n");
    limit_is(.3, "v1: together with another controller");
    begin("4:cpuset,cpuacct:/a\n5:xcpu:/a\n", HYBRID);
    first("/a", "30000\n", "100000\n");
    limit_is(NO_LIMIT, "v1: others whose names have cpu in them are not it");
}

/* Docker and the like without a name space for groups: the mount shows a part only. */
static void parts(void)
{
    static const char part[] =
        "41 31 0:38 /docker/1234 /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
    begin("0::/docker/1234\n", part);
    with("sys/fs/cgroup/cpu.max", "300000 100000\n");
    limit_is(3, "the mount is the group itself");
    found_is("/sys/fs/cgroup", true, "… and its folder the mount point");
    begin("0::/docker/1234/inner\n", part);
    with("sys/fs/cgroup/inner/cpu.max", "200000 100000\n");
    with("sys/fs/cgroup/docker/1234/inner/cpu.max", "1000 100000\n");
    limit_is(2, "the mount is above the group");
    begin("0::/docker/12345\n", part);
    with("sys/fs/cgroup/cpu.max", "300000 100000\n");
    with("sys/fs/cgroup/5/cpu.max", "100000 100000\n");
    limit_is(3, "half a name is no beginning of a path");
    begin("0::/elsewhere\n", part);
    with("sys/fs/cgroup/cpu.max", "300000 100000\n");
    limit_is(3, "where the two do not meet, the mount point counts");
    begin("0::/elsewhere\n",
          "41 31 0:38 /docker/1234 /sys/fs/cgroup ro - cgroup2 cgroup rw\n"
          "42 31 0:38 /docker/5678 /mnt/later ro - cgroup2 cgroup rw\n");
    with("sys/fs/cgroup/cpu.max", "300000 100000\n");
    with("mnt/later/cpu.max", "100000 100000\n");
    limit_is(3, "… of several the first");
    begin("0::/../../x\n", V2);
    with("sys/fs/cgroup/cpu.max", "300000 100000\n");
    with("sys/x/cpu.max", "1000 100000\n");
    limit_is(3, "a path that leaves the name space is not followed");
    begin("0::/a\n", "50 31 0:38 /b /mnt/part rw - cgroup2 cgroup2 rw\n" V2
                     "51 31 0:38 / /mnt/later rw - cgroup2 cgroup2 rw\n");
    with("sys/fs/cgroup/a/cpu.max", "300000 100000\n");
    with("mnt/part/cpu.max", "100000 100000\n");
    with("mnt/later/a/cpu.max", "100000 100000\n");
    limit_is(3, "of several mounts the first that shows the group");
    begin("0::/a\n", "50 31 0:38 / /my\\040group\\134s rw - cgroup2 cgroup2 rw\n");
    with("my group\\s/a/cpu.max", "300000 100000\n");
    limit_is(3, "a blank and a backslash in a mount point");
}

/* Files that are not there, or not as they should be. */
static void odd(void)
{
    begin(NULL, NULL);
    limit_is(NO_LIMIT, "no files at all");
    struct cgroup cgroup, untouched;
    memset(&cgroup, 0x5a, sizeof(cgroup));
    untouched = cgroup;
    TAP_OK(!cgroup_find_cpu(tempdir_path(machine), &cgroup), "… no group");
    TAP_OK(memcmp(&cgroup, &untouched, sizeof(cgroup)) == 0, "… nothing is touched");
    begin("0::/a\n", NULL);
    with("sys/fs/cgroup/a/cpu.max", "300000 100000\n");
    limit_is(3, "no mountinfo: the usual place");
    begin("1:cpu:/a\n", OTHERS);
    first("/a", "300000\n", "100000\n");
    limit_is(3, "no such mount: the usual place of v1");
    static const char *const lines[] = {"",   "0\n",   "0:\n",     "0::\n",
                                        "::", "\n",    "0::a\n",   "1:cpu:a\n",
                                        "x",  "0:/\n", "12::/a\n", "1:memory:/a\n"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        begin(lines[i], V2 HYBRID);
        with("sys/fs/cgroup/a/cpu.max", "1000 100000\n");
        with("sys/fs/cgroup/cpu.max", "1000 100000\n");
        first("/a", "1000\n", "100000\n");
        limit_is(NO_LIMIT, "a line that names no group");
    }
    static const char *const quotas[] = {"",           "\n",          "max",
                                         "100000\n",   "0 100000\n",  "-5 100000\n",
                                         "100000 0\n", "100000 -1\n", "x 100000\n"};
    for (size_t i = 0; i < sizeof(quotas) / sizeof(quotas[0]); i++) {
        begin("0::/a\n", V2);
        with("sys/fs/cgroup/a/cpu.max", quotas[i]);
        limit_is(NO_LIMIT, "what is no quota limits nothing");
    }
}

static void long_names(void)
{
    static char line[8000], mounts[8200];
    snprintf(line, sizeof(line), "0::/%06000d\n", 0);
    begin(line, V2);
    limit_is(NO_LIMIT, "a path that is too long");
    snprintf(mounts, sizeof(mounts), "41 31 0:38 / /%04080d rw - cgroup2 cgroup2 rw\n",
             0);
    begin("0::/0123456789012345678901234567890\n", mounts);
    limit_is(NO_LIMIT, "a mount point that is too long with it");
}

static void whole_cpus(void)
{
    static const struct {
        const char *quota;
        int cpus, expected;
    } rows[] = {{"max 100000\n", 8, 8},    {"100000 100000\n", 8, 1},
                {"100001 100000\n", 8, 2}, {"150000 100000\n", 8, 2},
                {"200000 100000\n", 8, 2}, {"799999 100000\n", 8, 8},
                {"800000 100000\n", 8, 8}, {"900000 100000\n", 8, 8},
                {"1000 100000\n", 8, 1},   {"1000 1000000\n", 8, 1},
                {"200000 100000\n", 1, 1}, {"99999999999999 1000\n", 4, 4}};
    begin("0::/a\n", V2);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        with("sys/fs/cgroup/a/cpu.max", rows[i].quota);
        TAP_OK(cgroup_cpus(tempdir_path(machine), rows[i].cpus) == rows[i].expected,
               "%.*s us, %d CPUs: %d", (int)strlen(rows[i].quota) - 1, rows[i].quota,
               rows[i].cpus, rows[i].expected);
    }
}

/* Whatever this machine has, it is a limit and a folder. */
static void here(void)
{
    struct cgroup cgroup;
    struct stat status;
    if (cgroup_find_cpu("", &cgroup))
        TAP_OK(cgroup.path[0] == '/' && strlen(cgroup.path) >= cgroup.top &&
                   (stat(cgroup.path, &status) != 0 || S_ISDIR(status.st_mode)),
               "this process is in %s", cgroup.path);
    TAP_OK(cgroup_cpu_limit("") > 0, "… with %g CPUs", cgroup_cpu_limit(""));
    TAP_OK(cgroup_cpus("", 2) >= 1 && cgroup_cpus("", 2) <= 2, "… at most two of two");
}

int main(void)
{
    if (!tempdir_open()) {
        printf("Bail out! no temporary folder\n");
        return 1;
    }
    second_hierarchy();
    first_hierarchy();
    parts();
    odd();
    long_names();
    whole_cpus();
    here();
    tempdir_close();
    return tap_done();
}
