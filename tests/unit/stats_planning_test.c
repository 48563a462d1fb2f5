/* Expected half-widths: METHOD 4's table, and how they depend on blocks and scatter. */
#include <math.h>

#include "stats/planning.h"
#include "tap.h"

int main(void)
{
    static const struct {
        size_t n;
        double half_width;
    } table[] = {{6, .089}, {10, .050}, {20, .034}, {30, .027}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        double found = planning_half_width(table[i].n, .05);
        TAP_OK(fabs(found - table[i].half_width) < .006,
               "%zu blocks: %.4f, not far from %.3f", table[i].n, found,
               table[i].half_width);
    }
    TAP_NEAR(log1p(planning_half_width(10, .10)) / log1p(planning_half_width(10, .05)), 2,
             1e-9, "twice the scatter, twice the width");
    TAP_OK(isnan(planning_half_width(5, .05)), "five blocks give no interval");
    TAP_OK(isnan(planning_half_width(201, .05)), "too many, neither");
    return tap_done();
}
