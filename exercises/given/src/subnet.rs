use std::fmt;
use std::net::Ipv4Addr;

/// A subnet: all addresses that begin with the same `prefix` bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subnet {
    /// Its first address, which is its name.
    pub network: Ipv4Addr,
    /// How many bits are the same.
    pub prefix: u8,
}

impl Subnet {
    /// The bridge's own address: the first one that a machine can have.
    pub fn gateway(&self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.network) + 1)
    }

    /// How many addresses it has, with those that nobody gets.
    pub fn size(&self) -> u32 {
        1 << (32 - self.prefix)
    }

    /// Its address number `number`; the network's own is 0.
    pub fn address(&self, number: u32) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.network) + number)
    }
}

/// As `10.1.1.0/24`.
impl fmt::Display for Subnet {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}/{}", self.network, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_has_two_to_the_power_of_the_bits_that_differ() {
        let subnet = Subnet { network: Ipv4Addr::new(10, 5, 0, 0), prefix: 29 };
        assert_eq!((subnet.size(), subnet.gateway()), (8, Ipv4Addr::new(10, 5, 0, 1)));
        assert_eq!((subnet.address(7), subnet.to_string().as_str()), (Ipv4Addr::new(10, 5, 0, 7), "10.5.0.0/29"));
    }
}
